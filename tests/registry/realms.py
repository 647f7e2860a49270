#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""realms - a hostile registry wants our credentials shown to others. It is told them itself, since
they are for it; nobody else may learn them, in any way that it finds.

environment: REACH (program)
"""
import json
import os
import shutil
import subprocess
import sys

sys.path[0:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e")]
from servers import BLOB, DIGEST, Certificates, Liar  # noqa: E402
from tap import done, result, same, skip_all, temporary  # noqa: E402

REACH = os.environ["REACH"]
if not shutil.which("openssl"):
    skip_all("needs openssl")
T = temporary()
ETC = os.path.join(T, "etc")
CA = os.path.join(T, "certs")
for path in (ETC, CA, os.path.join(ETC, "containers")):
    os.mkdir(path)
BASIC = {"auth": "YW5uOnNlY3JldA=="}  # ann:secret
IDENTITY = {"auth": "PHRva2VuPjo=", "identitytoken": "an-identity"}
SECRETS = ("YW5uOnNlY3JldA==", "an-identity", "account=", "secret")


def reach(*words):
    p = subprocess.run([REACH, "-e", ETC, "-r", "0", *words], capture_output=True, text=True, timeout=60,
                       check=False, stdin=subprocess.DEVNULL,
                       env={**os.environ, "HOME": T, "LC_ALL": "C.UTF-8"})
    lines = p.stderr.splitlines(keepends=True)
    return p.returncode, p.stdout, "".join(x for x in lines if not x.startswith("waits: "))



def auths(entries):
    path_of = os.path.join(T, "auth.json")
    with open(path_of, "w", encoding="ascii") as f:
        json.dump({"auths": entries}, f)
    return path_of


def told(server):
    """Requests that show something of ours."""
    return [r for r in server.log if r[2].get("Authorization", "").startswith("Basic") or
            r[0] != "GET" or any(s in r[1] for s in SECRETS)]


def learns_nothing(name, servers, *words, works=None):
    for server in servers:
        server.log.clear()
    status, out, err = reach(*words)
    good = works is None or (status == 0) == works
    result(good and not any(told(s) for s in servers), name, status, out, err,
           *(told(s) for s in servers))
    return err


def evil(other, host):
    """Realms that are not the registry, or nothing at all."""
    bare = other[8:]
    return [f"{other}/token", f"{other}/token?x=", f"{other}/token#f", f"https://{host}@{bare}/token",
            f"https://{host}%40{bare}/token", f"https://{host}:x@{bare}/token", f"https://{bare}\\\\@{host}/token",
            f"https://{host}\\\\@{bare}/token", f"https://{bare}#@{host}/token", f"https://{bare}?@{host}/token",
            f"//{bare}/token", f"https:{bare}/token", f"https:/{bare}/token", f"https:///{bare}/token",
            f"HTTPS://{bare}/token", f"http://{bare}/token", f"HTTP://{host}/token", f"http://{host}/token",
            f" {other}/token", f"{other}\t/token", f"https://{host}.{bare}/token", f"https://{host}",
            "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "unix:///run/docker.sock",
            "http+unix://%2frun%2fdocker.sock/", "dict://127.0.0.1:11211/stat", "smb://127.0.0.1/x",
            "", "token", "/token", "https://", "https:///token", "https://[::1/token", "https://[::1]:x/"]


def realms(liar, other, plain):
    for word, entry, option in (("a password", BASIC, ["-c", CA]), ("a password", BASIC, ["-k"]),
                                ("an identity token", IDENTITY, ["-k"])):
        auth = auths({liar.host: entry})
        for realm in evil(other.url, liar.host) + [f"{plain.url}/v2/grant/x"]:
            liar.challenge = f'Bearer realm="{realm}",service="s"'
            learns_nothing(f"{word} is not shown to '{realm}' ({option[0]})", [other, plain], *option, "-a",
                           auth, "manifest", f"{liar.host}/realm/a")
    liar.challenge = f'Bearer realm="{other.url}/v2/grant/x",service="s"'
    learns_nothing("what is for everybody is had without", [other], "-c", CA, "-a", auths({liar.host: BASIC}),
                   "manifest", f"{liar.host}/realm/a", works=True)
    same("from there, as a stranger", [(r[1].lower(), r[2].get("Authorization")) for r in other.log],
         [("/v2/grant/x?service=s&scope=repository%3arealm%2fa%3apull", None)])
    err = learns_nothing("credentials that are given are for there or nobody", [other], "-c", CA, "-u",
                         "ann:secret", "manifest", f"{liar.host}/realm/a", works=False)
    result("not shown to " + other.host in err and not other.log, "which is said", err, other.log)
    for way in (f'Basic realm="x", Bearer realm="{other.url}/v2/grant/x"',
                f'Bearer realm="{other.url}/v2/grant/x", Basic realm="x"',
                f'Bearer realm="{other.url}/v2/grant/x",realm="{liar.url}/v2/grant/x"'):
        liar.challenge = way
        learns_nothing(f"nor to the other of {way}", [other], "-c", CA, "-a", auths({liar.host: BASIC}),
                       "manifest", f"{liar.host}/realm/a")


def own_realm(liar, other, plain):
    """The registry's own token server, and where that leads."""
    auth = auths({liar.host: BASIC})
    liar.challenge = f'Bearer realm="{liar.url}/v2/grant/x",service="s"'
    learns_nothing("a realm of the registry is shown them", [other], "-c", CA, "-a", auth, "manifest",
                   f"{liar.host}/realm/a", works=True)
    same("once", [r[2].get("Authorization", "")[:5] for r in liar.seen("/v2/grant/")][-1], "Basic")
    liar.challenge = f'Bearer realm="{liar.url}/v2/grant-elsewhere/x",service="s"'
    for target in (other, plain):
        liar.other = target.url
        for status in (302, 303, 307):
            liar.status = status
            for entry in (BASIC, IDENTITY):
                learns_nothing(f"a redirect ({status}) of it to {target.url[:5]} shows nothing", [target], "-k",
                               "-a", auths({liar.host: entry}), "manifest", f"{liar.host}/realm/a")
    liar.other = other.url


def tokens_stay(liar, other, plain):
    """A token is for the registry that it was given for, too."""
    liar.challenge = f'Bearer realm="{liar.url}/v2/grant/x",service="s"'
    auth = auths({liar.host: BASIC})
    for option, target in ((["-c", CA], other), (["-k"], other), (["-k"], plain)):
        liar.other = target.url
        for server in (other, plain):
            server.log.clear()
        blob = [DIGEST, str(len(BLOB)), f"{T}/blob"]
        ways = {"a manifest": ["manifest", f"{liar.host}/realm-away/a"],
                "a blob": ["blob", f"{liar.host}/realm-away/a", *blob]}
        if option == ["-k"]:  # the authority is that of the registry
            ways["a foreign layer"] = ["-U", f"{target.url}/v2/good/x", "blob", f"{liar.host}/realm/a", *blob]
        for what, words in ways.items():
            status, out, err = reach(*option, "-a", auth, *words)
            result(status == 0 and len(target.log) == 1 and "Authorization" not in target.log[0][2],
                   f"{what} comes from {target.url[:5]} without a token", status, out, err, target.log)
            target.log.clear()
    liar.other = other.url


def allowed(liar, other):
    liar.challenge = f'Bearer realm="{other.url}/v2/grant/x",service="s"'
    auth = auths({liar.host: BASIC})

    def shown(*options):
        other.log.clear()
        status, out, err = reach(*options, "-a", auth, "manifest", f"{liar.host}/realm/a")
        return status == 0 and len(told(other)) == 1 or (status, out, err, other.log)

    same("a server that is named may see them", shown("-c", CA, "-t", other.host), True)
    directory = os.path.join(ETC, "containers/certs.d", liar.host)
    os.makedirs(directory)
    shutil.copy(os.path.join(CA, "ca.crt"), directory)
    with open(os.path.join(directory, "token-realm"), "w", encoding="ascii") as f:
        f.write(f"one.invalid\n{other.host}\n")
    same("so may one of token-realm", shown(), True)
    for name in (other.host.split(":")[0], "localhost:" + other.host.split(":")[1], "x" + other.host,
                 other.host + "0", other.host.replace("127", "127.0")):
        with open(os.path.join(directory, "token-realm"), "w", encoding="ascii") as f:
            f.write(name + "\n")
        learns_nothing(f"{name} is another", [other], "-a", auth, "manifest", f"{liar.host}/realm/a")
    shutil.rmtree(directory)


def others_credentials(liar, other):
    """Credentials of one registry are not for another that names it, nor for mirrors."""
    liar.challenge = f'Bearer realm="{other.url}/v2/grant/x",service="s"'
    learns_nothing("credentials for the realm itself are not the registry's", [other], "-c", CA, "-a",
                   auths({other.host: BASIC}), "manifest", f"{liar.host}/realm/a")
    conf = os.path.join(ETC, "containers/registries.conf")
    liar.challenge = 'Basic realm="x"'
    for use in ("", 'pull-from-mirror = "tag-only"'):
        with open(conf, "w", encoding="ascii") as f:
            f.write(f'[[registry]]\nprefix = "{other.host}"\n[[registry.mirror]]\n'
                    f'location = "{liar.host}"\n{use}\n')
        for options in (["-a", auths({other.host: BASIC})], ["-u", "ann:secret"]):
            learns_nothing("a mirror gets none", [liar], "-c", CA, *options, "manifest", f"{other.host}/realm/a")
            result(len(liar.log) == 1, "though it was asked", liar.log)
    os.unlink(conf)
    with open(os.path.join(T, ".netrc"), "w", encoding="ascii") as f:
        f.write("default login ann password secret\nmachine 127.0.0.1 login ann password secret\n")
    os.chmod(os.path.join(T, ".netrc"), 0o600)
    learns_nothing(".netrc is not read", [liar], "-c", CA, "-a", auths({}), "manifest", f"{liar.host}/realm/a",
                   works=False)


def without_tls(bare, other):
    """The registry itself speaks plain HTTP."""
    bare.challenge = 'Basic realm="x"'
    auth = auths({bare.host: BASIC})
    learns_nothing("without TLS a password is shown only when that was asked for", [bare], "-a", auth, "manifest",
                   f"{bare.host}/realm/a", works=False)
    status, _, err = reach("-k", "-a", auth, "manifest", f"{bare.host}/realm/a")
    same("then it is", status, 0, err)
    bare.challenge = f'Bearer realm="{other.url}/v2/grant/x"'
    learns_nothing("its realm elsewhere is shown none", [other], "-k", "-a", auth, "manifest",
                   f"{bare.host}/realm/a", works=True)
    bare.challenge = f'Bearer realm="{bare.url}/v2/grant/x"'
    status, _, err = reach("-k", "-a", auth, "manifest", f"{bare.host}/realm/a")
    same("its own is", status, 0, err)


def main():
    certificates = Certificates(T)
    shutil.copy(certificates.ca, os.path.join(CA, "ca.crt"))
    other, plain = Liar(tls=certificates), Liar()
    liar, bare = Liar(other.url, certificates), Liar()
    for step in (lambda: realms(liar, other, plain), lambda: own_realm(liar, other, plain),
                 lambda: tokens_stay(liar, other, plain), lambda: allowed(liar, other), lambda: others_credentials(liar, other),
                 lambda: without_tls(bare, plain)):
        step()
    for server in (other, plain, liar, bare):
        server.stop()
    done()


main()
