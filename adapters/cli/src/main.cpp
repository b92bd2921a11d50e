// The `lantern` program: reads its command line, runs one verb, and ends with a code and at most a line of trouble.
#include <csignal>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "commands.hpp"
#include "messages.hpp"
#include "output.hpp"

namespace lantern::cli {

void declare_store(CLI::App& verb, std::string& store) {
  verb.add_option("--store", store, "The file that holds the log and the read models")->required()->type_name("FILE");
}

namespace {

int tell(const Trouble& trouble) {
  say("lantern: " + trouble.message);
  return static_cast<int>(trouble.code);
}

// What is wrong with the first word, when it is neither a verb nor an option. CLI11 would tell of the words after it.
std::optional<Trouble> object_to_verb(const CLI::App& program, std::string_view word) {
  if (word.starts_with('-')) return std::nullopt;
  std::string verbs;
  for (const CLI::App* verb : program.get_subcommands([](const CLI::App*) { return true; })) {
    if (verb->get_name() == word) return std::nullopt;
    verbs += (verbs.empty() ? "" : ", ") + verb->get_name();
  }
  const std::string what = word.empty() ? "a verb is missing" : "there is no verb \"" + std::string(word) + "\"";
  return Trouble{ExitCode::usage, what + ": the verbs are " + verbs + "; see lantern --help"};
}

// The verb that was typed, which may be a verb's verb (`view get`), or the program when none was.
struct Typed {
  const CLI::App* verb;
  std::string before;  // the words before it: `lantern view`
};

Typed typed_verb(const CLI::App& program) {
  Typed typed{&program, ""};
  for (auto verbs = program.get_subcommands(); !verbs.empty(); verbs = typed.verb->get_subcommands()) {
    typed.before += (typed.before.empty() ? "" : " ") + typed.verb->get_name();
    typed.verb = verbs.front();
  }
  return typed;
}

// Reads the command line; help is printed at once, and is then what was chosen.
Outcome choose(int count, const char* const* words, Command& chosen) {
  CLI::App program("Read models from an event log, each event counted exactly once.", "lantern");
  program.set_version_flag("--version", "lantern " LANTERN_VERSION);
  program.require_subcommand(1);
  declare_import(program, chosen);
  declare_run(program, chosen);
  declare_rebuild(program, chosen);
  declare_verify(program, chosen);
  declare_query(program, chosen);
  declare_status(program, chosen);
  declare_export(program, chosen);
  declare_view(program, chosen);
  declare_generations(program, chosen);
  program.footer("lantern VERB --help tells more about each.\n\n" + std::string(whole_example));
  if (auto wrong = object_to_verb(program, count > 1 ? words[1] : "")) return tl::unexpected(*std::move(wrong));
  try {
    program.parse(count, words);
    return ExitCode::done;
  } catch (const CLI::CallForHelp&) {
    const Typed typed = typed_verb(program);
    const std::string text = typed.verb->help(typed.before);
    chosen = [text] { return (Output(1) << text).finish(); };
    return ExitCode::done;
  } catch (const CLI::CallForVersion& version) {
    const std::string text = std::string(version.what()) + "\n";
    chosen = [text] { return (Output(1) << text).finish(); };
    return ExitCode::done;
  } catch (const CLI::ParseError& error) {
    const Typed typed = typed_verb(program);
    const std::string verb = (typed.before.empty() ? "" : typed.before + " ") + typed.verb->get_name();
    // Without it, what was meant for the store is taken for something else, and the rest for too much.
    const CLI::Option* const store = typed.verb->get_option_no_throw("--store");
    if (store && store->count() == 0 &&
        (dynamic_cast<const CLI::RequiredError*>(&error) || dynamic_cast<const CLI::ExtrasError*>(&error))) {
      return trouble(ExitCode::usage, "--store FILE is missing: " + verb + " --store FILE …; see " + verb + " --help");
    }
    return trouble(ExitCode::usage, std::string(error.what()) + ": see " + verb + " --help");
  }
}

int run_program(int count, const char* const* words) {
  // A reader that goes away (`| head`) is an answer of write(), not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  Command command;
  if (const auto chosen = choose(count, words, command); !chosen) return tell(chosen.error());
  const auto outcome = command();
  return outcome ? static_cast<int>(*outcome) : tell(outcome.error());
}

}  // namespace
}  // namespace lantern::cli

int main(int count, char** words) {
  using namespace lantern::cli;
  try {
    return run_program(count, words);
  } catch (const std::exception& error) {
    return tell({ExitCode::defect, std::string("internal error (") + error.what() + "): please report it"});
  } catch (...) {
    return tell({ExitCode::defect, "internal error: please report it"});
  }
}
