#!/bin/sh
# SPDX-License-Identifier: MIT
# user - whose ids the command has, and which spellings are refused.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

bb=$T/bb
busybox_root "$bb"
cp "$PROBE" "$bb/usr/bin/probe"
ids() { minc "$@" -r "$bb" sh -c 'echo $(id -u):$(id -g)'; }

ids
is "the command is root inside" "$out" 0:0
minc id -u
is "on the host's root too" "$out" 0
ids --user 0:0
is "--user 0:0 is root" "$out" 0:0
ids -u 0
is "-u is --user" "$out" 0:0

if as_root; then
	ids --user 1000:1001
	is "--user UID:GID" "$out" 1000:1001
	ids --user=1000
	is "--user UID gives group 0 when passwd has no such user" "$out" 1000:0
	ids --user 1500
	is "--user UID takes the group from passwd" "$out" 1500:1501
	ids --user bob
	is "--user NAME is looked up inside" "$out" 1500:1501
	ids --user bob:staff
	is "--user NAME:GROUP" "$out" 1500:50
	minc --user bob -r "$bb" id -G
	is "a named user has its supplementary groups" "$out" "1501 1777"
	minc --user 1000:1001 -r "$bb" id -G
	is "a numeric user has no other groups" "$out" 1001
	ids --user 4294967294:4294967294
	is "the largest id works" "$out" 4294967294:4294967294
	minc --user 1000:1000 -r "$bb" probe state
	like "an ordinary user has no effective capability" "$out" "*CapEff:	0000000000000000*"
	minc --user 1000:1000 -r "$bb" sh -c 'echo x >/etc/new'
	ok "an ordinary user cannot write root's files" test "$status" -ne 0
	printf '7777:x:5:5::/:/bin/sh\n' >>"$bb/etc/passwd"
	ids --user 7777
	is "a number is never looked up as a name" "$out" 7777:0
	minc --user bob -r "$bb" sh -c 'echo $HOME'
	is "HOME is the user's" "$out" /home/bob
	ids --user 1000:
	is "half of USER:GROUP is enough" "$out" 1000:0
	ids --user :50
	is "the other half, too" "$out" 0:50
else
	ids --user 1000:1001
	ok "another id without a range works or is refused" \
		test "$status" -eq 125 -o "$out" = 1000:1001
	minc --userns single -r "$bb" sh -c 'cat /proc/self/uid_map'
	is "a single id is mapped" "$(printf '%s\n' "$out" | awk '{print $2, $3}')" "$(id -u) 1"
	if has_range; then
		minc --userns range -r "$bb" cat /proc/self/uid_map
		like "a range has the subordinate ids" "$out" "*1 * 65536"
	else
		minc --userns range -r "$bb" true
		refused "a range without subordinate ids is refused" range
	fi
	minc --userns host -r "$bb" true
	ok "no user namespace without privilege is refused" test "$status" -eq 125
fi

# Each of these is refused in one line that names the option and the value.
for bad in 0x 0x10 1e3 -1 +1 ' 1' '1 ' 4294967295 4294967296 99999999999999999999 \
	: 1:2:3 1:-1 1:4294967295 1:0x5 '' no-such-user no-such-user:0 0:no-such-group \
	'ro ot' 1.5 '1,2' 'a/b' '../x'; do
	minc --user "$bad" -r "$bb" true
	case $bad in '') refused "--user with an empty value is refused" --user ;;
	*) refused "--user '$bad' is refused" --user "$bad" ;; esac
done
minc --user "$(printf 'a\nb')" -r "$bb" true
refused "a newline in --user is refused" --user
minc --user "$(printf 'a%0600d' 0)" -r "$bb" true
refused "an over-long --user is refused" --user
minc -r "$bb" --userns nonsense true
refused "an unknown --userns is named" --userns nonsense

if as_root; then
	name=$(awk -F: 'NR == FNR { u[$1] = 1; next } $1 in u && $3 > 60000 { print $1; exit }' \
		/etc/passwd /etc/subuid 2>/dev/null)
	if [ -n "$name" ] && command -v newuidmap >/dev/null; then
		tools_for_others
		out=$(setpriv --reuid "$name" --regid "$name" --init-groups env -i PATH="$PATH" \
			LD_LIBRARY_PATH="$T/tools" MINC_MODULE_DIR="$T/tools" \
			"$T/tools/minc" --userns range --user bob -r "$bb" id -u 2>&1)
		is "a user with subordinate ids gets a range" "$out" 1500
	else
		skip "a user with subordinate ids gets a range" "no user has an entry in subuid(5)"
	fi
fi
done_testing
