#!/bin/sh
# SPDX-License-Identifier: MIT
# env - the environment of the command.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
export MINC_TEST_VARIABLE=leaked ORDINARY_VARIABLE=leaked

unset TERM COLORTERM NO_COLOR LANG LANGUAGE TZ EDITOR PAGER LC_ALL
minc -r "$bb" env
is "the environment is small and known" \
	"$(printf '%s\n' "$out" | sed 's/=.*//' | sort | tr '\n' ' ')" "HOME PATH container "
hasnt "nothing else of the caller's is handed on" "$out" leaked
out=$(LANG=C.UTF-8 "$MINC" -r "$bb" sh -c 'echo $LANG')
is "the language is handed on" "$out" C.UTF-8
minc --env-host -r "$bb" sh -c 'echo $ORDINARY_VARIABLE$MINC_TEST_VARIABLE'
is "--env-host hands on all but MINC_*" "$out" leaked
minc -r "$bb" env
like "PATH has the usual directories" "$out" "*PATH=*/usr/bin*"
like "HOME is root's" "$out" "*HOME=/root*"
minc -e A=1 -r "$bb" env
like "-e sets a variable" "$out" "*A=1*"
minc --env=A=1 --env B=2 -r "$bb" sh -c 'echo $A$B'
is "--env sets variables" "$out" 12
minc -e A=1 -e A=2 -r "$bb" sh -c 'echo $A; env | grep -c ^A='
is "the last one wins and there is one" "$out" "2
1"
minc -e A= -r "$bb" sh -c 'echo "[${A-unset}]"'
is "an empty value is set" "$out" "[]"
minc -e 'A=x=y z*"' -r "$bb" sh -c 'echo "$A"'
is "a value may hold anything" "$out" 'x=y z*"'
minc -e "A=$(printf 'l1\nl2')" -r "$bb" sh -c 'echo "$A"'
is "a value may hold a newline" "$out" "l1
l2"
minc -e ORDINARY_VARIABLE -r "$bb" sh -c 'echo $ORDINARY_VARIABLE'
is "-e NAME copies the caller's value" "$out" leaked
minc -e NOT_SET_ANYWHERE -r "$bb" sh -c 'echo ${NOT_SET_ANYWHERE-unset}'
is "-e NAME of an unset variable sets nothing" "$out" unset
minc -e PATH=/usr/bin:/x -r "$bb" sh -c 'echo $PATH'
is "PATH can be set" "$out" /usr/bin:/x
mkdir -p "$bb/opt/bin"
printf '#!/bin/sh\necho found\n' >"$bb/opt/bin/only-here"
chmod 755 "$bb/opt/bin/only-here"
minc -e PATH=/usr/bin:/opt/bin -r "$bb" only-here
is "the command is found in the PATH inside" "$out" found
minc -e HOME=/elsewhere -r "$bb" sh -c 'echo $HOME'
is "HOME can be set" "$out" /elsewhere
for bad in '' =x '=' ; do
	minc -e "$bad" -r "$bb" true
	refused "-e '$bad' is refused" -e
done
done_testing
