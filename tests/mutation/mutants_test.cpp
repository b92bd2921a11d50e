#include "mutation/mutants.hpp"

#include <catch2/catch.hpp>

#include "mutation/equivalents.hpp"
#include "mutation/shell.hpp"
#include "mutation/tokens.hpp"

using namespace lantern::mutation;
using Lines = std::vector<std::string>;

namespace {

/// What a function with this body may be changed to, line by line.
Lines changes(const std::string& body, const std::string& operation = {}) {
  const std::string source = "int f(int a, int b) {\n" + body + "\n}\n";
  Lines lines;
  for (const Mutant& mutant : mutants_of("f.cpp", source)) {
    CHECK(lines_before(source, mutant) == body);
    if (operation.empty() || mutant.operation == operation) lines.push_back(lines_after(source, mutant));
  }
  return lines;
}

}  // namespace

TEST_CASE("a source is a row of tokens, without comments, directives and the insides of texts", "[mutation]") {
  const std::string source =
      "#include <a>\n#define X \\\n  1 < 2\nint a = 1'000; // a < b\n/* c\n d */ f(\"x < \\\" y\", 'c', R\"z(1 < )\" "
      "2)z\")->g<=>h;";
  Lines texts;
  for (const Token& token : tokens_of(source)) texts.emplace_back(token.text);
  CHECK(texts == Lines{"int", "a", "=", "1'000", ";", "f", "(", "\"x < \\\" y\"", ",", "'c'", ",", "R\"z(1 < )\" 2)z\"",
                       ")", "->", "g", "<=>", "h", ";"});
  CHECK(tokens_of(source).front().line == 4);
  CHECK(tokens_of(source).back().line == 6);
}

TEST_CASE("signs between blanks are mistaken, templates, references and texts are not", "[mutation]") {
  CHECK(changes("return a < b;") == Lines{"return a <= b;", "return a >= b;"});
  CHECK(changes("return a == b;") == Lines{"return a != b;"});
  CHECK(changes("return a && b;") == Lines{"return a || b;"});
  CHECK(changes("return a + b;") == Lines{"return a - b;"});
  CHECK(changes("auto&& x = g<int>(a);").empty());
  CHECK(changes("return \"a\" + b;").empty());
  CHECK(changes("return std::to_string(a) + b;").empty());
  CHECK(changes("return !a;") == Lines{"return a;"});
}

TEST_CASE("constants and names are mistaken for their neighbours", "[mutation]") {
  CHECK(changes("return 0;") == Lines{"return 1;"});
  CHECK(changes("return 1;") == Lines{"return 0;"});
  CHECK(changes("return 20;") == Lines{"return 20 + 1;"});
  CHECK(changes("return true;") == Lines{"return false;"});
  CHECK(changes("return Stop::now;") == Lines{"return Stop::none;"});
  CHECK(changes("return std::min(a, b);") == Lines{"return std::max(a, b);"});
  CHECK(changes("return a.value_or(b + 1);", "value_or") == Lines{"return a.value();"});
}

TEST_CASE("calls, assignments and early ends are left out, declarations are not", "[mutation]") {
  CHECK(changes("g(a);") == Lines{";"});
  CHECK(changes("a.b = b;") == Lines{";"});
  CHECK(changes("a.b->c(b)[0].d();", "statement") == Lines{";"});
  CHECK(changes("int c = g(a);").empty());
  CHECK(changes("std::vector<int> c;").empty());
  CHECK(changes("const auto& c = a;").empty());
  CHECK(changes("T& c = *a;").empty());
  CHECK(changes("if (auto c = a) return c;", "statement") == Lines{"if (auto c = a) ;"});
  CHECK(changes("if (a) return b;", "statement").empty());  // to force the condition does the same
  CHECK(changes("return b;").empty());
  CHECK(changes("for (;;) continue;", "statement") == Lines{"for (;;) ;"});
}

TEST_CASE("conditions are forced, unless they declare something or are settled before", "[mutation]") {
  CHECK(changes("if (a) return b;", "condition") == Lines{"if (false) return b;", "if (true) return b;"});
  CHECK(changes("while (g(a)) h();", "condition") == Lines{"while (false) h();"});
  CHECK(changes("if (auto c = g(a)) return c;", "condition").empty());
  CHECK(changes("if constexpr (a < 1) return b;", "relation").empty());
  CHECK(changes("static_assert(a < 1);").empty());
}

TEST_CASE("what is not in a function is left alone", "[mutation]") {
  CHECK(mutants_of("f.hpp", "struct S {\n  int a{0};\n  bool b = true;\n  void f();\n};\nenum class E { a = 1 };\n")
            .empty());
  CHECK(mutants_of("f.hpp", "template <class T>\nconcept C = A<T> && B<T>;\n").empty());
  CHECK(mutants_of("f.hpp", "namespace n {\nconstexpr int a = 1;\nstruct S { bool f() const { return true; } };\n}")
            .size() == 1);
  CHECK(mutants_of("f.hpp", "S::S(int a) : a_(a), b_(0) { g(); }").size() == 1);
  CHECK(mutants_of("f.hpp", "bool operator==(const S& a, const S& b) { return a.x == b.x; }").size() == 1);
}

TEST_CASE("a mutant changes what it says, and nothing else", "[mutation]") {
  const std::string source = "int f() {\n  g(a,\n    b);\n  return 1;\n}\n";
  const auto mutants = mutants_of("f.cpp", source);
  REQUIRE(mutants.size() == 2);
  CHECK(mutated(source, mutants[0]) == "int f() {\n  ;\n  return 1;\n}\n");
  CHECK(lines_before(source, mutants[0]) == "g(a, b);");
  CHECK(lines_after(source, mutants[0]) == ";");
  CHECK(mutants[0].line == 2);
  CHECK(mutants[1].line == 4);
}

TEST_CASE("a list of equivalent mutants names them by their lines, each with a reason", "[mutation]") {
  const auto list =
      parse_equivalents("# remark\n\nf.cpp\n  in: a < b\n  to: a <= b\n  why: they are\n    never the same\n");
  CHECK(list == std::set<Change>{{"f.cpp", "a < b", "a <= b"}});
  CHECK_THROWS(parse_equivalents("f.cpp\n  in: a\n  to: b\n"));
  CHECK_THROWS(parse_equivalents("f.cpp\n  in: a\n  why: c\n"));
  CHECK_THROWS(parse_equivalents("f.cpp\n  a\n  why: c\n"));
}

TEST_CASE("a program that does not end is ended", "[mutation]") {
  CHECK(succeeds(".", "true"));
  CHECK_FALSE(succeeds(".", "false"));
  CHECK_FALSE(succeeds("/nowhere", "true"));
  CHECK(succeeds(".", "true", {1, 30}));
  CHECK_FALSE(succeeds(".", "while true; do :; done", {1, 30}));
  CHECK(output_of(".", "echo " + shell_word("it's")) == "it's\n");
}
