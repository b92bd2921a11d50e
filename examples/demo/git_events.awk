# Turns what git_events asks of git into events:
#
#   CommitMade   on stream `repository`   commit, author, subject, parents, files
#   FileChanged  on stream `file/PATH`    commit, author, path, change, from (where it was renamed or copied from),
#                                         added, removed (lines; null for binary files), files (of the whole commit)
#
# A commit comes before its files. Merges have no files of their own. Each event has an id, so that importing a history
# twice adds nothing. Runs in the C locale: a character is a byte.

BEGIN {
  FS = "\t"
  for (i = 1; i < 256; ++i) ord[sprintf("%c", i)] = i
  split("added=A copied=C deleted=D modified=M renamed=R retyped=T", pairs, " ")
  for (i in pairs) change_of[substr(pairs[i], length(pairs[i]))] = substr(pairs[i], 1, length(pairs[i]) - 2)
  split("a 007 b 010 t 011 n 012 v 013 f 014 r 015", escapes, " ")
  for (i = 1; i in escapes; i += 2) octal_of[escapes[i]] = escapes[i + 1]
}

# The length of the well-formed UTF-8 character at byte `at` of `text` (RFC 3629), or 0.
function utf8_length(text, at,    lead, second, size, i, byte) {
  lead = ord[substr(text, at, 1)]
  if (lead < 128) return 1
  size = lead >= 194 && lead <= 223 ? 2 : lead >= 224 && lead <= 239 ? 3 : lead >= 240 && lead <= 244 ? 4 : 0
  for (i = 1; i < size; ++i) {
    byte = ord[substr(text, at + i, 1)] + 0
    if (byte < 128 || byte > 191) return 0
    if (i == 1) second = byte
  }
  if (lead == 224 && second < 160 || lead == 237 && second > 159) return 0  # overlong; surrogates
  if (lead == 240 && second < 144 || lead == 244 && second > 143) return 0  # overlong; above U+10FFFF
  return size
}

function is_utf8(text,    at, size) {
  if (text !~ /[^ -~]/) return 1
  for (at = 1; at <= length(text); at += size) if (!(size = utf8_length(text, at))) return 0
  return 1
}

# A JSON string. What is not UTF-8 becomes U+FFFD, the replacement character.
function json(text,    at, size, char, out) {
  if (text !~ /[^ !#-[\]-~]/) return "\"" text "\""
  for (at = 1; at <= length(text); at += size) {
    size = utf8_length(text, at)
    char = substr(text, at, size ? size : 1)
    if (!size) { out = out "\\ufffd"; size = 1 }
    else if (char == "\"" || char == "\\") out = out "\\" char
    else if (size == 1 && (ord[char] < 32 || ord[char] == 127)) out = out sprintf("\\u%04x", ord[char])
    else out = out char
  }
  return "\"" out "\""
}

function number_of(octal) { return substr(octal, 1, 1) * 64 + substr(octal, 2, 1) * 8 + substr(octal, 3, 1) }

# A path from git's quoted form. One that is not UTF-8 has no name of its own in JSON: it keeps the quoted form.
function path_of(shown,    at, char, out) {
  if (shown !~ /^"/) return shown
  for (at = 2; at < length(shown); ++at) {
    char = substr(shown, at, 1)
    if (char == "\\") {
      char = substr(shown, ++at, 1)
      if (char ~ /[0-7]/) { char = sprintf("%c", number_of(substr(shown, at, 3))); at += 2 }
      else if (char in octal_of) char = sprintf("%c", number_of(octal_of[char]))
    }
    out = out char
  }
  return is_utf8(out) ? out : shown
}

# Some commits carry times of day, offsets or years that RFC 3339 does not have.
function time_of(iso, utc,    form) {
  form = "^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]"
  if (iso ~ (form "(Z|[-+]([01][0-9]|2[0-3]):[0-5][0-9])$")) return ",\"ts\":\"" iso "\""
  if (utc ~ (form "Z$")) return ",\"ts\":\"" utc "\""
  return ""
}

function lines_of(shown) { return shown == "-" ? "null" : shown }

# Streams are names, and names are at most 1024 bytes long. A longer path goes to the repository's own stream.
function stream_of(path) { return length(path) <= 1000 ? "file/" path : "repository" }

function print_commit(    i, common) {
  if (commit == "") return
  common = "{\"commit\":\"" commit "\",\"author\":" json(author)
  printf "{\"stream\":\"repository\",\"type\":\"CommitMade\",\"id\":\"%s\"%s,\"data\":", commit, time
  printf "%s,\"subject\":%s,\"parents\":%d,\"files\":%d}}\n", common, json(subject), parents, files
  for (i = 1; i <= files; ++i) {
    printf "{\"stream\":%s,\"type\":\"FileChanged\",\"id\":\"%s:%d\"%s,\"data\":", json(stream_of(path[i])), commit, i, time
    printf "%s,\"path\":%s,\"change\":\"%s\"", common, json(path[i]), change[i]
    if (from[i] != "") printf ",\"from\":%s", json(from[i])
    printf ",\"added\":%s,\"removed\":%s,\"files\":%d}}\n", added[i], removed[i], files
  }
}

/^C/ { print_commit(); commit = substr($0, 2); files = counted = 0; next }
/^P/ { parents = $0 == "P" ? 0 : split(substr($0, 2), ignored, " "); next }
/^A/ { author = substr($0, 2); next }
/^T/ { iso = substr($0, 2); next }
/^U/ { time = time_of(iso, substr($0, 2)); next }
/^S/ { subject = substr($0, 2); next }

# :100644 100644 OLD NEW R066 <tab> path [<tab> new path]
/^:/ {
  status = $1
  sub(/.* /, "", status)
  ++files
  change[files] = change_of[substr(status, 1, 1)]
  from[files] = NF > 2 ? path_of($2) : ""
  path[files] = path_of($NF)
  added[files] = removed[files] = "null"
  next
}

# added <tab> removed <tab> path; the same files in the same order
/^[0-9-]/ { ++counted; added[counted] = lines_of($1); removed[counted] = lines_of($2) }

END { print_commit() }
