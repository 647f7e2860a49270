#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""registry - the client against docker-registry, with skopeo as the other side, and against a
registry that lies.

environment: REACH (program)
"""
import gzip
import hashlib
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile

sys.path[0:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e")]
from servers import (BLOB, DIGEST, HOST, LONG, LONG_DIGEST, Certificates, Liar,  # noqa: E402
                     Registry, TokenServer, run)  # noqa: E402
from tap import done, result, same, skip_all, temporary  # noqa: E402

REACH = os.environ["REACH"]
for tool in ("docker-registry", "skopeo", "htpasswd", "openssl"):
    if not shutil.which(tool):
        skip_all(f"needs {tool}")

T = temporary()
HOME = os.path.join(T, "home")
ETC = os.path.join(T, "etc")
for path in (HOME, ETC):
    os.mkdir(path)
ENV = {"PATH": os.path.join(T, "bin") + ":" + os.environ["PATH"], "HOME": HOME, "LC_ALL": "C.UTF-8",
       **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}


WAITS = []  # what the last one has said of its waits


def reach(*words, env=None):
    """Status, stdout, stderr; a hang is a failure of its own."""
    try:
        p = subprocess.run([REACH, "-e", ETC, *words], capture_output=True, text=True, timeout=60,
                           check=False, env={**ENV, **(env or {})}, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return -1, "", "no end\n"
    lines = p.stderr.splitlines(keepends=True)
    WAITS[:] = [line[7:] for line in lines if line.startswith("waits: ")]
    return p.returncode, p.stdout, "".join(x for x in lines if not x.startswith("waits: "))


def works(name, *words, **keywords):
    status, out, err = reach(*words, **keywords)
    return result(status == 0, name, f"status {status}", out, err)


def refused(name, word, *words, parts=(), **keywords):
    """One line that begins with the error's name and has all of @parts."""
    status, out, err = reach(*words, **keywords)
    good = (status == 1 and err.startswith(word + ": ") and err.count("\n") == 1 and
            err.isprintable() is False and err[:-1].isprintable() and
            all(part in err for part in parts))
    return result(good, name, f"status {status}", out, err)


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def write(path, data, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    os.chmod(path, mode)
    return path


def read(path):
    with open(path, "rb") as f:
        return f.read()


def layer(number):
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as z:
        with tarfile.open(fileobj=z, mode="w") as tar:
            info = tarfile.TarInfo(f"file-{number}")
            info.size = 300000
            tar.addfile(info, io.BytesIO(hashlib.shake_128(b"%d" % number).digest(info.size)))
    return packed.getvalue()


def make_image():
    """An OCI layout, and the same as a directory that reach takes; the manifest's digest."""
    blobs = [layer(i) for i in range(3)]
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {
        "type": "layers", "diff_ids": [digest(gzip.decompress(b)) for b in blobs]}}).encode()
    kind = "application/vnd.oci.image."
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
        "config": {"mediaType": kind + "config.v1+json", "digest": digest(config),
                   "size": len(config)},
        "layers": [{"mediaType": kind + "layer.v1.tar+gzip", "digest": digest(b), "size": len(b)}
                   for b in blobs]}).encode()
    for data in [config, manifest, *blobs]:
        write(f"{T}/oci/blobs/sha256/{digest(data)[7:]}", data)
        write(f"{T}/flat/{digest(data)[7:]}", data)
    write(f"{T}/oci/oci-layout", '{"imageLayoutVersion": "1.0.0"}')
    write(f"{T}/oci/index.json", json.dumps({"schemaVersion": 2, "manifests": [{
        "mediaType": kind + "manifest.v1+json", "digest": digest(manifest), "size": len(manifest),
        "annotations": {"org.opencontainers.image.ref.name": "1"}}]}))
    write(f"{T}/flat/manifest", manifest)
    write(f"{T}/flat/type", kind + "manifest.v1+json")
    return digest(manifest)


IMAGE = make_image()


def skopeo(*words):
    return run("skopeo", "--insecure-policy", *words, env={**ENV, "XDG_RUNTIME_DIR": T})


def fetched(name, ref, *options, want=IMAGE, **keywords):
    """Pull works, and what came are the right bytes."""
    to = os.path.join(T, "pulled")
    shutil.rmtree(to, ignore_errors=True)
    os.mkdir(to)
    status, out, err = reach(*options, "pull", ref, to, **keywords)
    good = status == 0 and digest(read(f"{to}/manifest")) == want
    names = [n for n in os.listdir(to) if len(n) == 64] if good else []
    good = good and len(names) == 4 and all(digest(read(f"{to}/{n}"))[7:] == n for n in names)
    return result(good, name, f"status {status}", out, err)


def both_ways(name, host, ours, theirs_to, theirs_from):
    """Push by us, read by skopeo; copied by skopeo, pulled by us."""
    works(f"{name}: push works", *ours, "push", f"{host}/ours/a:1", f"{T}/flat")
    inspected = skopeo("inspect", "--raw", *theirs_from, f"docker://{host}/ours/a:1")
    same(f"{name}: skopeo sees the same manifest after a push", digest(inspected), IMAGE)
    skopeo("copy", *theirs_to, f"oci:{T}/oci:1", f"docker://{host}/theirs/a:1")
    fetched(f"{name}: pull works after skopeo copy", f"{host}/theirs/a:1", *ours)
    fetched(f"{name}: pull by digest works", f"{host}/theirs/a@{IMAGE}", *ours)


def test_plain():
    r = Registry(T, "plain")
    try:
        refused("a registry without TLS is refused", "EPROTO", "-r", "0", "manifest",
                f"{r.host}/ours/a:1", parts=[r.host])
        both_ways("plain HTTP when asked", r.host, ["-k"], ["--dest-tls-verify=false"],
                  ["--tls-verify=false"])
        skopeo("copy", "--format", "v2s2", "--dest-tls-verify=false", f"oci:{T}/oci:1",
               f"docker://{r.host}/theirs/docker:1")
        raw = skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{r.host}/theirs/docker:1")
        fetched("Docker schema 2 is pulled as it is", f"{r.host}/theirs/docker:1", "-k",
                want=digest(raw))
        works("blobs are mounted from another repository", "-k", "-m", "ours/a", "push",
              f"{r.host}/ours/b:1", f"{T}/flat")
        refused("a tag that is not there is named", "ENOENT", "-k", "manifest",
                f"{r.host}/ours/a:no", parts=["ours/a", "manifest no", "MANIFEST_UNKNOWN"])
        refused("progress can cancel", "ECANCELED", "-k", "-C", "manifest", f"{r.host}/ours/a:1")
        pulled_through_mirrors(r)
    finally:
        r.stop()


def pulled_through_mirrors(r):
    conf = f"{ETC}/containers/registries.conf"
    liar = Liar()
    write(conf, f'''
[[registry]]
prefix = "nowhere.invalid/some"
location = "{r.host}/theirs"
insecure = true
[[registry.mirror]]
location = "{liar.host}/announced"
insecure = true
[[registry]]
prefix = "bad.invalid"
blocked = true
''')
    fetched("a mirror that lies is passed over", "nowhere.invalid/some/a:1")
    result(len(liar.seen("/announced/a/")) == 1, "the mirror was asked first", liar.log)
    refused("a blocked registry is refused", "EACCES", "manifest", "bad.invalid/a:1",
            parts=["blocked", conf])
    write(conf, "[[registry]]\nprefix = 1\n")
    refused("a mistake in registries.conf is named with its line", "EBADMSG", "manifest", "x.invalid/a",
            parts=[f"{conf}: line 2"])
    os.unlink(conf)
    liar.stop()


def test_htpasswd():
    users = write(f"{T}/htpasswd", run("htpasswd", "-nbB", "ann", "pass:word"))
    r = Registry(T, "basic", auth={"htpasswd": {"realm": "x", "path": users}})
    config = f"{HOME}/.docker/config.json"
    try:
        both_ways("htpasswd", r.host, ["-k", "-u", "ann:pass:word"],
                  ["--dest-tls-verify=false", "--dest-creds", "ann:pass:word"],
                  ["--tls-verify=false", "--creds", "ann:pass:word"])
        refused("without credentials access is refused", "EACCES", "-k", "manifest",
                f"{r.host}/ours/a:1", parts=["ours/a"])
        refused("wrong credentials are refused", "EACCES", "-k", "-u", "ann:no", "manifest",
                f"{r.host}/ours/a:1")
        refused("login with a wrong password is refused", "EACCES", "-k", "login", r.host, "ann",
                "no")
        result(not os.path.exists(config), "and nothing is kept")
        write(config, '{"detachKeys": "ctrl-a", "auths": {"other.invalid": {"auth": "eDp5"}}}')
        works("login works", "-k", "login", r.host, "ann", "pass:word")
        kept = json.loads(read(config))
        same("the file is its owner's only", stat.S_IMODE(os.stat(config).st_mode), 0o600)
        result(kept["detachKeys"] == "ctrl-a" and "other.invalid" in kept["auths"],
               "what else is in the file is kept", kept)
        works("what login kept is used", "-k", "manifest", f"{r.host}/ours/a:1")
        same("skopeo finds what login kept", digest(skopeo(
            "inspect", "--raw", "--tls-verify=false", f"docker://{r.host}/ours/a:1")), IMAGE)
        works("logout works", "-k", "logout", r.host)
        result(r.host not in json.loads(read(config))["auths"], "and it is gone")
        refused("logout without login says so", "ENOENT", "-k", "logout", r.host)
        skopeo("login", "--tls-verify=false", "-u", "ann", "-p", "pass:word", r.host)
        works("what skopeo login kept is used", "-k", "manifest", f"{r.host}/ours/a:1",
              env={"XDG_RUNTIME_DIR": T})
        with_helper(r, config)
    finally:
        r.stop()
        os.unlink(config)


def with_helper(r, config):
    write(f"{T}/bin/docker-credential-test", f'''#!/bin/sh
case $1 in
get) if [ -f {T}/locked ]; then echo the keychain is locked; exit 1; fi
	if [ -f {T}/secret ]; then cat {T}/secret; else
	echo credentials not found in native keychain; exit 1; fi ;;
store) cat >{T}/secret ;;
erase) rm {T}/secret 2>/dev/null ;;
esac
''', 0o755)
    write(config, json.dumps({"credHelpers": {r.host: "test"}}))
    refused("a helper that has nothing is no failure of its own", "EACCES", "-k", "manifest",
            f"{r.host}/ours/a:1", parts=["wants a user"])
    refused("nor where children are ignored", "EACCES", "-I", "-k", "manifest", f"{r.host}/ours/a:1",
            parts=["wants a user"])
    refused("which take no failure away", "EACCES", "-I", "-k", "logout", r.host,
            parts=["docker-credential-test erase", "status 1"])
    write(f"{T}/locked", "")
    refused("a helper that fails is named", "EACCES", "-k", "manifest", f"{r.host}/ours/a:1",
            parts=["docker-credential-test get", "the keychain is locked"])
    os.unlink(f"{T}/locked")
    works("login keeps it by the helper", "-k", "login", r.host, "ann", "pass:word")
    result(b"pass:word" in read(f"{T}/secret") and b"auths" not in read(config), "and not in the file")
    works("what the helper says is used", "-k", "manifest", f"{r.host}/ours/a:1")
    works("and where children are ignored", "-I", "-k", "manifest", f"{r.host}/ours/a:1")
    works("logout erases it by the helper", "-k", "logout", r.host)
    result(not os.path.exists(f"{T}/secret"), "and it is gone from there")
    for name in ("../x", "a/b", "-x", "a b", "a;b", ".x"):
        write(config, json.dumps({"credsStore": name}))
        refused(f"a helper named '{name}' is not executed", "EINVAL", "-k", "manifest",
                f"{r.host}/ours/a:1", parts=["not a name"])
    write(config, json.dumps({"credsStore": "not-there"}))
    refused("a helper that is missing is named", "ENOEXEC", "-k", "manifest", f"{r.host}/ours/a:1",
            parts=["docker-credential-not-there"])


def test_tls(certificates):
    r = Registry(T, "tls", tls=certificates)
    private = f"{T}/certs"
    shutil.copy(certificates.ca, write(f"{private}/ca.crt", ""))
    try:
        both_ways("TLS with a private authority", r.host, ["-c", private],
                  ["--dest-cert-dir", private], ["--cert-dir", private])
        refused("an unknown authority is refused", "EKEYREJECTED", "manifest", f"{r.host}/ours/a:1",
                parts=["certificate"])
        works("unless security was not asked for", "-k", "manifest", f"{r.host}/ours/a:1")
        shutil.copytree(private, f"{ETC}/docker/certs.d/{r.host}")
        works("certs.d of docker is found", "manifest", f"{r.host}/ours/a:1")
        write(f"{ETC}/docker/certs.d/{r.host}/client.cert", "")
        refused("a certificate without its key is named", "ENOENT", "manifest", f"{r.host}/ours/a:1",
                parts=["client.cert", "client.key"])
        shutil.rmtree(f"{ETC}/docker")
    finally:
        r.stop()


def test_token(certificates):
    tokens = TokenServer(certificates, {"ann": "secret"}, {"an-identity": "ann"})
    r = Registry(T, "token", tls=certificates, auth=tokens.auth())
    private = f"{T}/certs"
    try:
        refused("credentials are not shown to a token server elsewhere", "EACCES", "-c", private, "-u",
                "ann:secret", "push", f"{r.host}/ours/a:1", f"{T}/flat",
                parts=["not shown to " + tokens.host])
        same("it was not even asked", tokens.log, [])
        works("an option allows it", "-c", private, "-u", "ann:secret", "-t", tokens.host, "push",
              f"{r.host}/ours/a:1", f"{T}/flat")
        write(f"{private}/token-realm", f"# who knows us\n\n  {tokens.host}  \n")
        both_ways("tokens", r.host, ["-c", private, "-u", "ann:secret"],
                  ["--dest-cert-dir", private, "--dest-creds", "ann:secret"],
                  ["--cert-dir", private, "--creds", "ann:secret"])
        refused("wrong credentials get no token", "EACCES", "-c", private, "-u", "ann:no",
                "manifest", f"{r.host}/ours/a:1", parts=["token of", "who are you"])
        refused("nobody may read what is not for everybody", "EACCES", "-c", private, "manifest",
                f"{r.host}/ours/a:1")
        works("with the right to read another repository, blobs are mounted", "-c", private, "-u",
              "ann:secret", "-m", "ours/a", "push", f"{r.host}/ours/m:1", f"{T}/flat")
        auth = write(f"{T}/identity.json", json.dumps({"auths": {r.host: {
            "auth": "PHRva2VuPjo=", "identitytoken": "an-identity"}}}))
        works("an identity token buys tokens", "-c", private, "-a", auth, "manifest",
              f"{r.host}/ours/a:1")
        works("login at a registry with tokens works", "-c", private, "-a", f"{T}/kept.json",
              "login", r.host, "ann", "secret")
        refused("login with a wrong password is refused there too", "EACCES", "-c", private, "-a",
                f"{T}/kept.json", "login", r.host, "ann", "no")
        os.unlink(f"{private}/token-realm")
        refused("login does not succeed because a stranger may look", "EACCES", "-c", private, "-a",
                f"{T}/kept.json", "login", r.host, "ann", "secret", parts=["not shown to"])
        refused("what files say is not shown either", "EACCES", "-c", private, "-a", auth, "manifest",
                f"{r.host}/ours/a:1")
    finally:
        r.stop()
        tokens.stop()


def blob(server, word, *options):
    return ["-k", *options, "blob", f"{server.host}/{word}/a", DIGEST, str(len(BLOB)), f"{T}/blob"]


def got(name, server, word, *options):
    status, out, err = reach(*blob(server, word, *options))
    result(status == 0 and out == "whole\n" and read(f"{T}/blob") == BLOB, name, status, out, err)


def test_bodies(liar):
    got("a blob comes whole", liar, "good")
    refused("another digest is refused", "EBADMSG", *blob(liar, "wrong"), parts=["has digest"])
    got("what broke is taken up where it broke", liar, "short")
    requests = liar.seen("/v2/short/")
    same("and not from the beginning", [r[2].get("Range") for r in requests],
         [None, f"bytes={len(BLOB) // 2}-"])
    refused("what always breaks is given up", "ECONNRESET", *blob(liar, "always-short", "-r", "2"))
    same("after as many retries as allowed", len(liar.seen("/v2/always-short/")), 3)
    got("a server that cannot resume begins again", liar, "no-range")
    refused("another part than asked for is refused", "EBADMSG", *blob(liar, "other-part"),
            parts=["another part"])
    refused("what ends before its size is refused", "ECONNRESET", *blob(liar, "ends-early", "-r", "0"),
            parts=["shorter"])
    refused("an endless blob ends at its size", "EBADMSG", *blob(liar, "endless"),
            parts=["longer than"])
    same("and no byte more is kept", os.path.getsize(f"{T}/blob") <= len(BLOB), True)
    refused("an endless manifest ends", "EBADMSG", "-k", "manifest", f"{liar.host}/endless/a",
            parts=["too large"])
    refused("a body that stalls ends", "ETIMEDOUT", *blob(liar, "stalled", "-s", "1", "-r", "0"))
    refused("an encoding that was not asked for is refused", "EBADMSG", "-k", "manifest",
            f"{liar.host}/packed/a", parts=["Content-Encoding"])
    refused("a digest that was announced is compared", "EBADMSG", "-k", "manifest",
            f"{liar.host}/announced/a", parts=["announced"])
    refused("a manifest by digest is compared", "EBADMSG", "-k", "manifest",
            f"{liar.host}/good/a@{DIGEST}", parts=["has digest"])
    got("a foreign layer comes from its URL", liar, "missing", "-U", f"{liar.url}/v2/good/layer")
    got("or from the registry, where that is no URL of ours", liar, "good", "-U", "ftp://good.invalid/x")


def test_words(liar):
    refused("too many headers are refused", "EBADMSG", "-k", "-r", "0", "manifest",
            f"{liar.host}/headers/a", parts=["headers"])
    refused("a header too long is refused", "EBADMSG", "-k", "-r", "0", "manifest",
            f"{liar.host}/long-header/a", parts=["headers"])
    refused("control characters of a server are escaped", "ENOENT", "-k", "manifest",
            f"{liar.host}/escape/a", parts=["\\x1b[31m", "red\\x0aline"])
    got("429 is asked again", liar, "busy")
    same("once", len(liar.seen("/v2/busy/")), 2)
    refused("a pause of an hour is not waited for", "EBUSY", *blob(liar, "busy-for-long"))
    same("nor asked again", len(liar.seen("/v2/busy-for-long/")), 1)
    got("5xx is asked again", liar, "ill")
    refused("but not for ever", "EREMOTEIO", *blob(liar, "dead", "-r", "2"))
    same("three times in all", len(liar.seen("/v2/dead/")), 3)
    refused("404 is believed", "ENOENT", *blob(liar, "missing"))
    same("at once", len(liar.seen("/v2/missing/x")), 0)
    refused("a token that would be another header is refused", "EBADMSG", "-k", "manifest",
            f"{liar.host}/bad-token/a")
    refused("logging in without end ends", "EACCES", "-k", "manifest", f"{liar.host}/never/a")


def long_blob(server, word, *options):
    return ["-k", *options, "blob", f"{server.host}/{word}/a", LONG_DIGEST, str(len(LONG)), f"{T}/blob"]


def asked(server, word, command="GET"):
    return len([r for r in server.seen(f"/v2/{word}/") if r[0] == command])


def test_waits(liar):
    """Only what is new is progress: all that is asked again has an end, and is said."""
    for word, name in (("whole-again", "a part wanted, the same beginning sent"),
                       ("whole-breaks", "the same beginning again and again"),
                       ("empty-parts", "parts with nothing in them"),
                       ("no-length", "answers that end with the connection")):
        refused(f"{name}: it ends", "ECONNRESET", *long_blob(liar, word, "-r", "2"))
        same(f"{name}: by the number of tries", asked(liar, word), 3)
        result(len(WAITS) == 2 and "(1 of 2)" in WAITS[0] and "(2 of 2)" in WAITS[1],
               f"{name}: each is said", WAITS)
    refused("no parts at all: it ends", "ECONNRESET", *long_blob(liar, "no-parts", "-r", "2"))
    result(asked(liar, "no-parts") <= 7, "no parts at all: by the number of tries",
           asked(liar, "no-parts"))
    refused("a byte for each connection is no progress", "ECONNRESET",
            *long_blob(liar, "one-byte", "-r", "2"))
    same("which is asked for as often as allowed", asked(liar, "one-byte"), 3)
    for word, error in (("no-end", "ECONNRESET"), ("no-end-after-all", "EREMOTEIO")):
        refused(f"{word}: an upload that always breaks at its end is given up", error, "-k", "-r", "2",
                "push", f"{liar.host}/{word}/a:1", one_blob(f"{T}/one"))
        # curl asks once more by itself where a connection that was used before has just ended
        result(asked(liar, word, "POST") == 3 and asked(liar, word, "PUT") <= 6,
               f"{word}: after as many tries as allowed", asked(liar, word, "PUT"))
        result(len(WAITS) == 2 and "(1 of 2)" in WAITS[0] and "(2 of 2)" in WAITS[1],
               f"{word}: each is said", WAITS)
    refused("a date too late is not waited for", "EBUSY", "-k", "blob", f"{liar.host}/late/future/a",
            DIGEST, str(len(BLOB)), f"{T}/blob", parts=["to be asked again in 3", "seconds"])
    same("nor asked again", asked(liar, "late"), 1)
    liar.log.clear()
    works("a date that has passed is no pause", "-k", "blob", f"{liar.host}/late/past/a", DIGEST,
          str(len(BLOB)), f"{T}/blob")
    refused("a token server without time is given up", "EREMOTEIO", "-k", "-r", "2", "manifest",
            f"{liar.host}/busy-realm/a")
    same("after as many tries as allowed", len(liar.seen("/busy-realm/token")), 3)
    refused("token servers in a ring are given up", "ELOOP", "-k", "manifest",
            f"{liar.host}/ring-realm/a")
    refused("a byte now and then is nothing", "ETIMEDOUT", *long_blob(liar, "drips", "-s", "4", "-r", "0"))
    result(len(WAITS) == 0, "which is not the same as silence", WAITS)
    refused("nor are bytes of a header", "ETIMEDOUT",
            *long_blob(liar, "drips-headers", "-s", "4", "-r", "0"))
    refused("a silent server ends", "ETIMEDOUT", *blob(liar, "stalled", "-s", "4", "-r", "0"))
    same("after it was said", [("nothing comes" in w) for w in WAITS], [True])
    liar.manifest = read(f"{T}/flat/manifest")
    shutil.rmtree(f"{T}/pulled", ignore_errors=True)
    os.mkdir(f"{T}/pulled")
    refused("a pause of all is cancelled", "ECANCELED", "-k", "-W", "pull", f"{liar.host}/pauses/a:1",
            f"{T}/pulled")


def one_blob(path):
    """A directory to push with a config of 4 MiB and no layer."""
    data = bytes(4 << 20)
    write(f"{path}/{digest(data)[7:]}", data)
    write(f"{path}/type", "application/vnd.oci.image.manifest.v1+json")
    write(f"{path}/manifest", json.dumps({"schemaVersion": 2, "layers": [], "config": {
        "digest": digest(data), "size": len(data)}}))
    return path


def test_uploads(liar):
    works("an upload that broke is begun again", "-k", "push", f"{liar.host}/drops/a:1",
          one_blob(f"{T}/one"))
    same("by asking first", [r[0] for r in liar.seen("/v2/drops/")],
         ["HEAD", "POST", "PATCH", "HEAD", "POST", "PATCH", "PUT", "HEAD", "POST", "PATCH", "PUT",
          "PUT"])
    works("a token that ends is replaced", "-k", "manifest", f"{liar.host}/expires/a")
    works("as often as that is needed", "-k", "manifest", f"{liar.host}/expires/a")


def test_redirects(liar, other, certificates):
    secret = ["-u", "ann:secret"]
    got("a redirect is followed", liar, "elsewhere", *secret)
    requests = other.seen("/v2/plain/")
    result(len(requests) == 1 and "Authorization" not in requests[0][2],
           "and no credentials go with it", requests)
    refused("another host's challenge is not answered", "EACCES", *blob(liar, "to-challenge", *secret))
    result(all("Authorization" not in r[2] for r in other.log), "with no credentials", other.log)
    refused("a loop of redirects ends", "ELOOP", *blob(liar, "loop"))
    refused("a redirect to a file is refused", "EBADMSG", *blob(liar, "odd"))
    refused("a redirect with a user in it is refused", "EBADMSG", *blob(liar, "user"))
    works("an upload is sent where the registry says", "-k", *secret, "push",
          f"{liar.host}/senthome/a:1", f"{T}/flat")
    result(len(other.seen("/v2/sink/")) == 8 and
           all("Authorization" not in r[2] for r in other.seen("/v2/sink/")),
           "and no credentials go there", other.seen("/v2/sink/"))
    result(any("state=c%2Fd&digest=sha256:" in r[1] or "state=c%2Fd&digest=sha256%3A" in r[1]
               for r in other.log), "with the query it gave", [r[1] for r in other.log])
    safe = Liar(other.url, certificates)
    before = len(other.log)
    plain = ["-c", f"{T}/certs", *secret]
    refused("a redirect from https to http is refused", "EACCES", *plain, "manifest",
            f"{safe.host}/elsewhere/a", parts=["from https to http"])
    refused("tokens over http are refused", "EACCES", *plain, "manifest",
            f"{safe.host}/plain-realm/a", parts=["no https URL"])
    refused("an upload over http is refused", "EACCES", *plain, "push",
            f"{safe.host}/senthome/a:1", f"{T}/flat", parts=["without TLS"])
    same("nothing was asked there", len(other.log), before)
    safe.stop()


def test_options(liar):
    for words in ("a/b", "https://x", "x@y", "a b", ""):
        write(f"{T}/certs/token-realm", f"good.invalid:5000\n{words}\n")
        refused(f"'{words}' is no server that may see credentials", "EINVAL", "-t", words, "manifest",
                f"{liar.host}/good/a", parts=["HOST"])
        if words not in ("a b", ""):
            refused("nor as a line of the file, which is named", "EBADMSG", "-c", f"{T}/certs", "manifest",
                    f"{liar.host}/good/a", parts=[f"{T}/certs/token-realm", "HOST"])
    os.unlink(f"{T}/certs/token-realm")


def main():
    certificates = Certificates(T)
    test_plain()
    test_htpasswd()
    test_tls(certificates)
    test_token(certificates)
    other = Liar()
    liar = Liar(other.url)
    test_bodies(liar)
    test_words(liar)
    test_uploads(liar)
    test_waits(liar)
    test_redirects(liar, other, certificates)
    test_options(liar)
    other.stop()
    liar.stop()
    refused("nobody there is refused", "ECONNREFUSED", "manifest", f"{HOST}:1/a/a")
    done()


main()
