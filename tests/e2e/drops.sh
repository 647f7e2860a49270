#!/bin/sh
# SPDX-License-Identifier: MIT
# drops - programs that give up root in a container with one id: they have it under the number that
# they asked for, and the kernel says so to them, to what they start, and of their files.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

grep -qw user_notif /proc/sys/kernel/seccomp/actions_avail || skip_all "needs notifications of seccomp(2)"
[ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null)" != 3 ] || skip_all "needs ptrace(2)"
busybox_root "$T/low"
cp "$DROPS" "$T/low/bin/drops"
ln -s busybox "$T/low/bin/su"
printf 'root:x:0:0::/:/bin/sh\nmail:x:8:8::/:/bin/sh\n' >"$T/low/etc/passwd"
printf 'root:x:0:\nmail:x:8:\n' >"$T/low/etc/group"
root="0 0 0 0 0 0, / is 0's, 11 capabilities"
mail="8 8 8 8 8 8, / is 8's, 0 capabilities"

one() { minc -q --userns=single --fake-root -r "$T/low" "$@"; }

one drops who
is "who asks nothing is root" "$status $out" "0 $root"
one drops here 8
is "who gives up root has another id, and so has its child, and there is no way back" "$status $out" "0 $mail
setuid(0) EPERM
seteuid(0) EPERM
setgid(0) EPERM
setgroups EPERM
setuid(N) ok
setresuid(-1, N, -1) ok
$mail
$mail"
one drops ways 8
is "by each call, and a change that is not for good is only answered" "$status $out" "0 setresuid: 8 8
setreuid: 8 8
setuid: 8 0
seteuid: 0 0
setgid after setuid: EPERM 8 0
setuid(-1): EINVAL 0 0"

one drops single 8 drops
is "what executes another program, as su-exec does" "$status $out" "0 $mail"
one drops leader 8 drops
is "with threads, as gosu does" "$status $out" "0 $mail"
one drops thread 8 drops
is "from one of these" "$status $out" "0 $mail"
one drops libc 8 drops
is "and with threads that each ask, as libc does it" "$status $out" "0 $mail"
one drops keep 8 drops
is "what keeps its capabilities for a while, as setpriv does" "$status $out" "0 $mail"
one drops vfork 8 drops
is "in a child that shares the memory, and its parent stays root" "$status $out" "0 $mail
$root"
one --init drops leader 8 drops
is "with an init" "$status $out" "0 $mail"
one su mail -c 'drops; grep ^Tracer /proc/self/status'
is "su(1), and nothing traces it afterwards" "$status $out" "0 $mail
TracerPid:	0"

cat >"$T/low/entry" <<'end'
#!/bin/sh
echo "$# $(id -u)"
[ "$#" -lt 5 ] || exit 9
[ "$(id -u)" != 0 ] || exec drops leader 8 "$0" "$@" more
[ -O /data ] && : >/data/mine && stat -c %u:%g /data /data/mine
end
chmod 755 "$T/low/entry"
mkdir "$T/low/data" "$T/kept"
one -t "$T/kept" -k sh -c 'chown -R mail:mail /data && exec /entry'
is "an entry point that executes itself again does it once, and owns its files" "$status $out" "0 0 0
1 8
8:8
8:8"
is "which are the caller's" "$(stat -c %u:%g "$T/kept/storage/data/mine")" "$(id -u):$(id -g)"

# In the background, and what enters.
mkfifo "$T/low/ready"
one -B --name back drops leader 8 sh -c 'echo >/ready; exec sleep 1000'
is "it starts in the background" "$status" 0
marten exec back cat /ready
marten exec back drops who
is "who enters after it has given up root is root" "$status $out" "0 $root"
marten exec back drops thread 8 drops
is "and gives it up as well" "$status $out" "0 $mail"
marten exec back drops limits 8 drops
is "also with the limits of process 1, as su and runuser do" "$status $out" "0 $mail"
marten exec -u mail back drops here 0
is "who enters as another has never had it" "$status $out" "1 failed -1 EPERM"
marten exec back sh -c 'sleep 1000 & exec drops single 8 drops'
is "and what is left behind is no hindrance" "$status $out" "0 $mail"
marten rm -f back
bad=''
for words in "stop -t 0" kill "rm -f"; do
	one -B --tmpfs /tmp:exec --name held drops hold 8
	await sh -c '"$MARTEN" logs held | grep -q held' || bad="$bad $words: $("$MARTEN" logs held)"
	marten exec held drops who
	[ "$status$out" = "0$root" ] || bad="$bad exec: $status$out$err"
	# shellcheck disable=SC2086 # they are words
	marten $words held
	[ "$status" = 0 ] || bad="$bad $words: $err"
	[ "$words" = "rm -f" ] || marten rm held
done
is "where what asks holds up who answers, nobody outside waits for it" "$bad" ''

# What does not trust it.
one drops traced 8
is "what another process traces stays as it was, and hears success each time" "$status $out" "0 setgid ok
$root"
one drops lies 8
is "who notes down another id for itself deceives itself at most" "$status $out" "0 setuid EPERM
setuid ok"
one sh -c 'drops limits 8 drops'
is "a note that is wiped out in the middle is not needed" "$status $out" "0 $mail"
one drops storm 8
is "it goes on when processes are killed and stopped in the middle" "$status $out" "0 ended"
one drops killed 8
is "nor does one with threads that is killed in the middle keep it" "$status $(echo "$out" | grep -v who | tail -1)" "0 ended"
one drops race 8
is "nor do threads that ask while another executes something" "$status $out" "0 ended"
one drops many 8
is "and many at once are no hindrance" "$status $out" "0 ended"
one drops rewrite 8
is "who rewrites the call that is made for it gets no capability" "$status $out" "0 0 with capabilities"
one drops answered 8
is "who answers it by a filter of its own stays as it was" "$status $out" "0 $root"
one drops namespaces 8
is "other user namespaces are refused" "$status $out" "0 before EPERM
after EPERM"
one --user mail drops who
is "a user who is not root from the beginning is who was said" "$status ${out%,*}" "0 8 8 8 8 8 8, / is 8's"
one --user mail drops here 0
is "and cannot become another" "$status $out" "1 failed -1 EPERM"
one --ulimit locks=5 drops here 8
has "with a limit of locks nothing is noted, and all is answered" "$out" "$root
setuid(0) ok"
minc --explain --userns=single --fake-root -r "$T/low" true
has "the explanation says it" "$out" "who gives up root has it under another number"
minc --explain --userns=single --fake-root --ulimit locks=5 -r "$T/low" true
has "and where it is not so" "$out" "changes of owners and ids answer success"
minc --explain --privileged --seccomp default --userns=single --fake-root -r "$T/low" true
case $err in
*"module seccomp"*) skip "so it is where files may give capabilities" "without that module" ;;
*) has "so it is where files may give capabilities" "$out" "changes of owners and ids answer success" ;;
esac

done_testing
