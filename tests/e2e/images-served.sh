#!/bin/sh
# SPDX-License-Identifier: MIT
# images-served - the process that serves an image's files to a container of an ordinary user is
# killed: the container ends.
# shellcheck source=lib.sh
. "$MINC_TESTS/lib.sh"

command -v mksquashfs >/dev/null || skip_all "needs mksquashfs (squashfs-tools)"
command -v python3 >/dev/null || skip_all "needs python3"
as_root && skip_all "root's layers are mounted by the kernel"
{ [ -r /dev/fuse ] && [ -w /dev/fuse ]; } || skip_all "needs /dev/fuse for everybody"

busybox_root "$T/low"
mksquashfs "$T/low" "$T/low.sqfs" -noappend -quiet -no-progress >/dev/null
python3 "$MINC_TESTS/make-store.py" "$MINCS_DIR" plain '{}' "$T/low.sqfs"

# zombies have no arguments: only process 1 could take them away
server() { pgrep -f "^minc-fuse .*$T/"; }
served() { server >/dev/null; }
gone() { ! served; }
outside() { ! pgrep -f "^sleep 9$$" >/dev/null; }
inside() { pgrep -f "^sleep 9$$" >/dev/null; }

"$MINC" -q -r plain sleep 9$$ &
pid=$!
ok "a container in the foreground runs" await inside
kill -9 "$(server)"
wait "$pid"
# one that waits for a page of its program may die of SIGBUS first
like "it is killed when its server is" "$?" "13[57]"
ok "nothing of it runs" await outside
ok "nor serves it" await gone

"$MARTEN" run -d --name served plain sleep 9$$ >/dev/null
ok "a container in the background runs" await inside
kill -9 "$(server)"
marten wait served
like "it is killed when its server is, too" "$out" "13[57]"
ok "nothing of it is running" await outside
ok "or serving it" await gone
marten rm served
is "it can be removed" "$status" 0
"$MARTEN" run -d --rm --name forgotten plain sleep 9$$ >/dev/null
ok "one that is removed at its end runs" await inside
kill -9 "$(server)"
ok "it ends" await outside
marten run --name status plain sh -c 'exit 7'
is "one that ends by itself has its own status" "$status" 7
done_testing
