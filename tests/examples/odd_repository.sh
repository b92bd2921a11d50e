#!/usr/bin/env bash
# odd_repository.sh DIR: a small history with everything that a real one may have.
set -euo pipefail
export GIT_COMMITTER_NAME=Committer GIT_COMMITTER_EMAIL=committer@example.org

git init -q -b main "$1"
cd "$1"

# commit AUTHOR DATE SUBJECT: all that is changed
commit() {
  git add --all
  GIT_AUTHOR_NAME=$1 GIT_AUTHOR_EMAIL=author@example.org GIT_AUTHOR_DATE=$2 GIT_COMMITTER_DATE=$2 \
    git commit -q --allow-empty --allow-empty-message -m "$3"
}

seq 30 >plain.txt
printf 'x\n' >'a b.txt'
printf 'x\n' >$'tab\there'
printf 'x\n' >$'new\nline'
printf 'x\n' >'quote".txt'
printf 'x\n' >'back\slash'
printf 'x\n' >'Größe 漢字 😀'
printf 'x\n' >$'control\x01\x7f'
printf 'x\n' >$'not-utf8-\xff\xc3'
printf 'x\n' >$'overlong-\xc0\xaf'
printf 'x\n' >$'overlong-\xe0\x80\x80'
printf 'x\n' >$'surrogate-\xed\xa0\x80'
printf 'x\n' >$'too-large-\xf4\x90\x80\x80'
printf 'x\n' >$'largest-\xf4\x8f\xbf\xbf'
printf 'x\n' >'{a => b}.txt'
printf 'x\n' >'1	2	3'
printf '\0\1\2\3' >binary
commit 'Ada "Countess" Lovelace' '2023-12-31T23:30:00 -0500' 'First: "quoted" \ subject'

mkdir -p src
seq 40 >src/code.c
printf '\0\1\2\3\4' >binary
commit "O'Brien; DROP TABLE churn; --" '2024-01-01T04:40:00 +0000' $'Tab\tin a subject\n\nand a body:\nCnot a commit\n:not a file'

git mv plain.txt src/renamed.txt
seq 41 >src/code.c
commit 'Größe 漢字' '2024-01-15T12:00:00 +0545' 'Ünïcödé subject'

git checkout -q -b side HEAD~1
seq 42 >src/side.c
commit 'Side' '2024-02-01T00:00:00 +0000' 'On the side'
git mv src/side.c src/side2.c
git rm -q --force 'a b.txt'
commit 'Side' '2024-02-02T00:00:00 +0000' ''

git checkout -q main
seq 35 >src/renamed.txt
commit 'Ada "Countess" Lovelace' '2024-02-03T00:00:00 +0000' 'Changed after the rename'
GIT_AUTHOR_NAME=Merger GIT_AUTHOR_EMAIL=m@example.org GIT_AUTHOR_DATE='2024-02-04T00:00:00 +0000' \
  GIT_COMMITTER_DATE='2024-02-04T00:00:00 +0000' git merge -q --no-ff --no-edit side

commit 'Nobody' '2022-06-01T00:00:00 +0000' 'Empty, and back in time'
chmod +x binary
rm src/code.c
ln -s renamed.txt src/code.c
commit 'Ada "Countess" Lovelace' '2024-03-01T00:00:00 +0000' 'Modes and types'
mkdir many
for i in $(seq 25); do printf '%s\n' "$i" >"many/$i"; done
commit 'Ada "Countess" Lovelace' '2024-03-02T00:00:00 +0000' 'A commit of many files'
# A name that was renamed away comes back, and goes again onto itself.
seq 30 >plain.txt
commit 'Nobody' '2024-03-03T00:00:00 +0000' 'plain.txt again'
git mv plain.txt elsewhere.txt
commit 'Nobody' '2024-03-04T00:00:00 +0000' 'and away'

# Things that git's own commands refuse to write: an offset of 51 hours, an author in Latin-1 with a tab.
tree=$(git rev-parse 'HEAD^{tree}')
odd=$(printf 'tree %s\nparent %s\nauthor J\xf6rg\tT <j@example.org> 1714557600 +5100\ncommitter C <c@example.org> 1714557600 +0000\n\nodd \xff\n' \
  "$tree" "$(git rev-parse HEAD)" | git hash-object -t commit -w --stdin --literally)
git update-ref refs/heads/main "$odd"
