# SPDX-License-Identifier: MIT
"""lies - manifests, configs, indexes, layouts and registries that are not what they say."""
import http.server
import json
import os
import shutil
import sys
import threading
import zlib

sys.path.insert(0, os.environ["MINC_TESTS"])
from evil import (IN, OCI, T, Image, archive, bounded, config_of, descriptor, digest, docker, entry, gz,  # noqa: E402
                  header, marten, pax, refused, run_tests, taken, tar)
from tap import result  # noqa: E402


def bad_manifest(name, part, change, **keywords):
    """An image whose parts @change has changed: as a layout, as an archive, in a registry."""
    image = Image()
    change(image)
    top = image.write("layout")
    refused(name, part, "import", top, stays=True, **keywords)
    shutil.rmtree(top)
    refused(f"{name}, in an archive", part, "import", archive("oci.tar", image.tar()), stays=True)
    refused(f"{name}, in a registry", part, "pull", "--tls-verify=false", REGISTRY.offers(image),
            stays=True)


class Offers:
    """A registry that has whatever it is given, for one name."""

    def __init__(self):
        self.image, self.index = None, None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                status, kind, body = outer.answer(self.path)
                self.send_response_only(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass  # TLS is tried first

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # the other side had enough
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def offers(self, image, index=None):
        self.image, self.index = image, index
        return f"127.0.0.1:{self.server.server_address[1]}/evil:1"

    def answer(self, path_):
        name = path_.rpartition("/")[2]
        if name == "1" and self.index is not None:
            return 200, OCI + "index.v1+json", self.index
        if name == "1":
            return 200, OCI + "manifest.v1+json", self.image.manifest_text()
        if name in self.image.all():
            return 200, OCI + "manifest.v1+json", self.image.all()[name]
        return 200 if path_ == "/v2/" else 404, "application/json", json.dumps({"errors": [
            {"code": "NAME", "message": "\x1b[31m\nno\u202e"}]}).encode()


REGISTRY = Offers()


MACHINE = {"architecture": os.uname().machine.replace("x86_64", "amd64").replace("aarch64", "arm64"), "os": "linux"}


def text(value):
    def change(image):
        image.text = value if isinstance(value, bytes) else value.encode()
    return change


def part(key, value):
    def change(image):
        image.manifest[key] = value(image) if callable(value) else value
    return change


def of_layer(**fields):
    def change(image):
        image.manifest["layers"][0].update(fields)
    return change


def other_bytes(which):
    """The content is another one than the digest says."""
    def change(image):
        data = image.config if which == "config" else image.layers[0]
        image.blobs[digest(data)] = data[:-1] + b"x"
    return change


def other_config(value):
    def change(image):
        image.config = value if isinstance(value, bytes) else json.dumps(value).encode()
        image.manifest["config"] = descriptor("config.v1+json", image.config)
    return change


def test_manifests():
    """Whatever a manifest may say."""
    bad_manifest("a layer with another digest", "digest", other_bytes("layer"))
    bad_manifest("a config with another digest", "digest", other_bytes("config"))
    bad_manifest("a layer with another size", "", of_layer(size=5))
    bad_manifest("a layer of 8 EiB", "", of_layer(size=(1 << 63) - 1))
    bad_manifest("a size beyond numbers", "", of_layer(size=1 << 70))
    bad_manifest("a negative size", "size", of_layer(size=-1))
    bad_manifest("a size that is no number", "size", of_layer(size="5"))
    bad_manifest("a digest that is a path", "digest", of_layer(digest="sha256:../../../out/precious"))
    bad_manifest("a digest of an unknown kind", "", of_layer(digest="md5:" + "0" * 32))
    bad_manifest("a layer at a foreign place", "foreign", of_layer(
        urls=["http://127.0.0.1:1/x\x1b[31m"], mediaType=OCI + "layer.nondistributable.v1.tar+gzip"))
    bad_manifest("a media type nobody knows", "media", of_layer(mediaType="text/\x1b[31mplain"))
    bad_manifest("an encrypted layer", "", of_layer(mediaType=OCI + "layer.v1.tar+gzip+encrypted"))
    bad_manifest("a config of another media type", "", part("config", lambda i: {
        **i.manifest["config"], "mediaType": "application/vnd.cncf.helm.config.v1+json"}))
    bad_manifest("a manifest that is an index as well", "", part("manifests", []))
    bad_manifest("a manifest with another media type in it", "", part("mediaType", OCI + "index.v1+json"))
    bad_manifest("schema version 1", "schemaVersion", part("schemaVersion", 1))
    bad_manifest("no config", "config", part("config", None))
    bad_manifest("layers that are no list", "layers", part("layers", {"0": {}}))
    bad_manifest("a list of layers that are numbers", "layers", part("layers", [1, 2]))
    bad_manifest("more layers than overlayfs takes", "layers", part(
        "layers", lambda i: i.manifest["layers"] * 600))
    bad_manifest("fewer layers than the config says", "layers", part("layers", []))
    bad_manifest("a key that is there twice", "", text('{"schemaVersion": 2, "layers": [], "layers": []}'))
    bad_manifest("a text that is no JSON", "", text("precious"))
    bad_manifest("something behind the JSON", "", text(json.dumps(Image().manifest) + "{}"))
    bad_manifest("JSON that is a list", "", text("[]"))
    bad_manifest("a manifest of nothing", "", text(""))
    bad_manifest("an escaped zero", "", text('{"a\\u0000b": 2}'))
    bad_manifest("bytes that are no UTF-8", "", text(b'{"a": "\xff"}'))
    bad_manifest("JSON that is deep", "deep", text("[" * 100000 + "]" * 100000))
    bad_manifest("JSON that is deep in an object", "deep", text('{"a":' * 1000 + "1" + "}" * 1000))
    bad_manifest("a manifest of 5 MiB", "", text(json.dumps(Image().manifest) + " " * (5 << 20)))
    bad_manifest("a million empty lists", "", text('{"a": [' + "[]," * 1000000 + "1]}"))
    bad_manifest("a million empty objects", "", text('{"a": [' + "{}," * 1000000 + "1]}"))
    bad_manifest("half a million keys", "", text(
        "{" + ",".join(f'"{i}":1' for i in range(400000)) + "}"))
    bad_manifest("a config of other layers", "", other_config(
        {"architecture": "amd64", "os": "linux", "rootfs": {
            "type": "layers", "diff_ids": [digest(b"other")]}}))
    bad_manifest("a config without layers", "", other_config({"architecture": "amd64", "os": "linux"}))
    bad_manifest("a config that is no JSON", "", other_config(b"precious"))
    bad_manifest("a config with an environment that is none", "Env", other_config(
        {"architecture": "amd64", "os": "linux", "config": {"Env": ["A=\x1b", 5]}, "rootfs": {
            "type": "layers", "diff_ids": [digest(tar(entry("a", b"a")))]}}))


def test_indexes():
    """Indexes in one another, a name that is none, and the file system around a layout."""
    image = Image()
    for name, part_, entry_ in (
            ("an index that is a manifest", "ambiguous", {"mediaType": OCI + "index.v1+json"}),
            ("a digest that is none", "digest", {"digest": "sha256:0"}),
            ("a size that is another", "size", {"size": 3}),
            ("a huge size", "", {"size": 1 << 62}),
            ("a name that is none", "name", {"annotations": {
                "org.opencontainers.image.ref.name": "e\x1b[31mvil\n"}}),
            ("a name that leads up", "name", {"annotations": {
                "org.opencontainers.image.ref.name": "../../out/precious"}})):
        child = {**image.entry(), **entry_}
        inner = json.dumps({"schemaVersion": 2, "manifests": [child]}).encode()
        image.index = {"manifests": [child]}
        if name == "an index that is a manifest":
            outer = json.dumps({"schemaVersion": 2, "manifests": [
                {**descriptor("index.v1+json", inner), "platform": {
                    "architecture": "amd64", "os": "linux"}}]}).encode()
            image.blobs = {digest(inner): inner, digest(outer): outer}
            image.index = {"manifests": [descriptor("index.v1+json", outer)]}
            refused(f"{name}, in a registry", part_, "pull", "--tls-verify=false",
                    REGISTRY.offers(image, outer), stays=True)
        top = image.write("layout")
        refused(f"a layout with {name}", part_, "import", top, stays=True)
        shutil.rmtree(top)
        refused(f"an archive with {name}", part_, "import", archive("oci.tar", image.tar()), stays=True)
    for name, part_, depth, platform, wide in (
            ("indexes ten deep", "more than 8 indexes", 10, {}, 1),
            ("ten that say for what they are", "more than 8 indexes", 10, {"platform": MACHINE}, 1),
            ("more indexes than anybody looks into", "of them", 2, {}, 70),
            ("indexes without what is wanted", "nothing for linux/", 3, {}, 1)):
        image = Image()
        entries = [{**image.entry(), "platform": {"architecture": "none", "os": "linux"}}]
        if depth == 10:
            entries = [image.entry()]
        for level in range(depth):
            texts = [json.dumps({"schemaVersion": 2, "manifests": entries,
                                 "annotations": {"n": f"{level}.{i}"}}).encode() for i in range(wide)]
            image.blobs.update({digest(t): t for t in texts})
            entries = [{**descriptor("index.v1+json", t), **platform} for t in texts]
        image.index = {"manifests": entries[:1]}
        top = image.write("layout")
        refused(f"a layout with {name}", part_, "import", top, stays=True)
        shutil.rmtree(top)
        refused(f"a registry with {name}", part_, "pull", "--tls-verify=false",
                REGISTRY.offers(image, image.blobs[entries[0]["digest"]]), stays=True)
    missing = json.dumps({"schemaVersion": 2, "manifests": [
        {**Image().entry(), "platform": {"architecture": "none", "os": "linux"}},
        descriptor("index.v1+json", b"{}")]}).encode()
    refused("a registry without an index that it names", "not found", "pull", "--tls-verify=false",
            REGISTRY.offers(Image(), missing), stays=True)
    refused("a name the registry does not have", "no", "pull", "--tls-verify=false",
            REGISTRY.offers(Image()).replace(":1", ":2"))


def test_twins():
    """The same index again and again, in one another, is read once."""
    image = Image()
    entries = [{**image.entry(), "platform": MACHINE}] * 2000
    for _ in range(3):
        text_ = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
        image.blobs[digest(text_)] = text_
        entries = [descriptor("index.v1+json", text_)] * 2000
    image.index = {"manifests": [{**entries[0], "annotations": {"org.opencontainers.image.ref.name": "twins:1"}}]}
    top = image.write("layout")
    taken("indexes that are in one another often", "import", top)
    shutil.rmtree(top)
    other = {**image.entry(), "platform": {"architecture": "none", "os": "linux", "variant": "v" * 650}}
    text_ = json.dumps({"schemaVersion": 2, "manifests": [other] * 4000}).encode()
    image.blobs = {digest(text_): text_}
    outer = json.dumps({"schemaVersion": 2, "manifests": [descriptor("index.v1+json", text_)] * 4000}).encode()
    image.blobs[digest(outer)] = outer
    image.index = {"manifests": [descriptor("index.v1+json", outer)]}
    top = image.write("layout")
    refused("one that is there often and has not what is wanted", "nothing for linux/", "import", top, stays=True)
    shutil.rmtree(top)
    for words in (("df",), ("prune", "-f"), ("rmi", "twins:1")):
        status, _, err, kib, seconds = marten(*words)
        result(status == 0, f"{words[0]} with them", f"status {status}", err)
        bounded(f"{words[0]} with them", kib, seconds)


def spoiled(name, part_, spoil):
    image = Image(gz(tar(entry("a", b"layouts"))))  # which the store does not have yet
    top = image.write("layout")
    spoil(top, f"{top}/blobs/sha256", image)
    refused(f"a layout with {name}", part_, "import", top, stays=True)
    shutil.rmtree(top)


def moved(path):
    os.rename(path, f"{IN}/moved")
    os.symlink(f"{IN}/moved", path)


def test_layouts():
    def blob_of(which):
        return lambda image: {"config": image.config, "layer": image.layers[0],
                              "manifest": image.manifest_text()}[which]

    for which in ("config", "layer", "manifest"):
        def path(blobs, image, get=blob_of(which)):
            return f"{blobs}/{digest(get(image))[7:]}"

        def fifo(top, blobs, image, path=path):
            os.unlink(path(blobs, image))
            os.mkfifo(path(blobs, image))

        def folder_(top, blobs, image, path=path):
            os.unlink(path(blobs, image))
            os.mkdir(path(blobs, image))

        def link(top, blobs, image, path=path):
            moved(path(blobs, image))

        spoiled(f"a FIFO as its {which}", "", fifo)
        spoiled(f"a directory as its {which}", "", folder_)
        spoiled(f"a link as its {which}", "", link)
        spoiled(f"no {which}", "", lambda top, blobs, image, path=path: os.unlink(path(blobs, image)))
        os.unlink(f"{IN}/moved")
    spoiled("a link as blobs/sha256", "blobs", lambda top, blobs, image: moved(blobs))
    shutil.rmtree(f"{IN}/moved")
    spoiled("a link as blobs", "blobs", lambda top, blobs, image: moved(f"{top}/blobs"))
    shutil.rmtree(f"{IN}/moved")
    spoiled("a link as index.json", "index.json", lambda top, blobs, image: moved(f"{top}/index.json"))
    os.unlink(f"{IN}/moved")

    def fifo_index(top, blobs, image):
        os.unlink(f"{top}/index.json")
        os.mkfifo(f"{top}/index.json")

    spoiled("a FIFO as index.json", "index.json", fifo_index)

    def large_index(top, blobs, image):
        os.truncate(f"{top}/index.json", 1 << 40)

    spoiled("an index.json of 1 TiB", "index.json", large_index)


def bad_docker(name, part_, data, **keywords):
    refused(f"docker-archive: {name}", part_, "import", archive("d.tar", data), stays=True, **keywords)


def test_docker_archives():
    good = tar(entry("a", b"x"))
    name = digest(good)[7:] + ".tar"
    config = config_of([good])

    def manifest(**fields):
        return json.dumps([{"Config": digest(config)[7:] + ".json", "Layers": [name], **fields}])

    bad_docker("a layer that is a path", "missing", docker([good], manifest(Layers=["../../out/precious"])))
    bad_docker("a layer that is absolute", "missing", docker([good], manifest(
        Layers=[f"{T}/out/precious"])))
    bad_docker("control characters in a name", "missing", docker([good], manifest(Layers=["\x1b[31m\n"])))
    bad_docker("a config that is missing", "missing", docker([good], manifest(Config="../x")))
    bad_docker("a layer that is a link out", "link", docker([good], manifest(Layers=["b" * 64]), extra=entry(
        "b" * 64, kind=b"2", link=f"{T}/out/precious")))
    bad_docker("a layer that is a link to itself", "link", docker([good], manifest(
        Layers=["b" * 64]), extra=entry("b" * 64, kind=b"2", link="b" * 64)))
    bad_docker("a config that is a link out", "link", docker([good], manifest(
        Config="b" * 64 + ".json"), extra=entry("b" * 64 + ".json", kind=b"2", link="/etc/passwd")))
    bad_docker("a config that is a layer", "", docker([good], manifest(Config=name)))
    bad_docker("a layer that is the config", "", docker([good], manifest(
        Layers=[digest(config)[7:] + ".json"])))
    bad_docker("600 layers", "layers", docker([good], manifest(Layers=[name] * 600)))
    bad_docker("a file that is in it twice", "twice", docker([good], extra=entry(
        "manifest.json", b"[]")))
    bad_docker("a key that is there twice", "", docker([good], '[{"Config":"a","Config":"b"}]'))
    bad_docker("a manifest that is an object", "", docker([good], '{"Config":"a"}'))
    bad_docker("a manifest that closes more than it opens", "", docker([good], '[]}, "x": [{}]'))
    bad_docker("a deep manifest", "deep", docker([good], "[" * 100000))
    bad_docker("a manifest of 5 MiB", "", docker([good], b"[" + b" " * (5 << 20) + b"]"))
    bad_docker("a manifest with a zero in it", "", docker([good], b"[]\0garbage"))
    bad_docker("a manifest that ends with a zero", "manifest.json: a NUL", docker([good], manifest() + "\0garbage"))
    bad_docker("a name that is none", "name", docker([good], tags=["\x1b[31mEVIL\n"]))
    bad_docker("a name that leads up", "name", docker([good], tags=["../../out:1"]))
    bad_docker("a second name that is none", "name", docker([good], tags=["evil:1", "\x1b[31mEVIL\n"]))
    bad_docker("a second name that is no text", "", docker([good], manifest(RepoTags=["evil:1", 5])))
    bad_docker("a config of other layers", "", docker([good], config=config_of([b"other"])))
    bad_docker("a circle of parents", "parent", tar(entry("repositories", json.dumps(
        {"evil": {"1": "a" * 64}}).encode()), entry("a" * 64 + "/json", json.dumps(
            {"parent": "a" * 64}).encode()), entry("a" * 64 + "/layer.tar", good)))
    with open(archive("d.tar.gz", b""), "wb") as f:
        z = zlib.compressobj(1, zlib.DEFLATED, 31)
        f.write(z.compress(entry("manifest.json", b"[]")))
        for i in range(400):
            f.write(z.compress(pax({"path": f"{i}" + "n" * 900000}) + header("n")))
        f.write(z.compress(bytes(1024)) + z.flush())
    refused("names that are too long together", "names", "import", f"{IN}/d.tar.gz")
    bad_docker("more files than there are in one", "files", tar(
        entry("manifest.json", b"[]"), *[entry(f"{i}") for i in range(100001)]))


if __name__ == "__main__":
    run_tests([test_manifests, test_indexes, test_twins, test_layouts, test_docker_archives])
