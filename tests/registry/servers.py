# SPDX-License-Identifier: MIT
"""servers - what the registry client talks to in registry.py: docker-registry itself, a token
server for it, and a registry that lies. All on 127.0.0.1 with free ports."""
import base64
import email.utils
import hashlib
import http.server
import json
import os
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

HOST = "127.0.0.1"


def free_port():
    with socket.socket() as s:
        s.bind((HOST, 0))
        return s.getsockname()[1]


def run(*words, **keywords):
    return subprocess.run(words, check=True, capture_output=True, **keywords).stdout


class Certificates:
    """An authority, and a server's certificate by it."""

    def __init__(self, top):
        self.ca, self.cert, self.key = (os.path.join(top, n) for n in ("ca.crt", "s.pem", "s.key"))
        ca_key, request, extra = (os.path.join(top, n) for n in ("ca.key", "s.csr", "s.ext"))
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
            "/CN=test authority", "-keyout", ca_key, "-out", self.ca)
        run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout",
            self.key, "-out", request)
        with open(extra, "w", encoding="ascii") as f:
            f.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        run("openssl", "x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key,
            "-CAcreateserial", "-days", "2", "-extfile", extra, "-out", self.cert)

    def context(self):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(self.cert, self.key)
        return c


class Registry:
    """Debian's docker-registry, with @extra in its configuration."""

    def __init__(self, top, name, tls=None, auth=None):
        self.port = free_port()
        self.host = f"{HOST}:{self.port}"
        config = {"version": 0.1, "log": {"level": "error", "accesslog": {"disabled": True}},
                  "storage": {"filesystem": {"rootdirectory": os.path.join(top, name)}},
                  "http": {"addr": self.host}}
        if tls:
            config["http"]["tls"] = {"certificate": tls.cert, "key": tls.key}
        if auth:
            config["auth"] = auth
        path = os.path.join(top, name + ".yml")
        with open(path, "w", encoding="ascii") as f:
            json.dump(config, f)  # JSON is YAML
        self.log = os.path.join(top, name + ".log")
        with open(self.log, "wb") as log:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen(["docker-registry", "serve", path], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        for _ in range(400):
            try:
                socket.create_connection((HOST, self.port), 1).close()
                return
            except OSError:
                time.sleep(0.025)  # nothing announces that it listens
        raise RuntimeError(f"docker-registry does not listen: {self.log}")

    def stop(self):
        self.process.kill()
        self.process.wait()


class Server:
    """A threaded HTTP server whose requests are logged; handle(request) answers."""

    def __init__(self, handle, tls=None):
        self.log = []
        self.closing = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                outer.log.append((self.command, self.path, dict(self.headers)))
                try:
                    handle(outer, self)
                except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                    self.close_connection = True

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = answer

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass

            def send(self, status, body=b"", **headers):
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                if "Content_Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def body(self):
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass

            def get_request(self):
                connection, address = super().get_request()
                if tls:
                    connection = tls.context().wrap_socket(connection, server_side=True,
                                                           do_handshake_on_connect=False)
                return connection, address

        self.server = Quiet((HOST, 0), Handler)
        self.host = f"{HOST}:{self.server.server_address[1]}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def seen(self, part):
        return [r for r in self.log if part in r[1]]

    def stop(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


class TokenServer(Server):
    """Tokens as docker-registry wants them: Basic or an identity token buys what is asked for."""

    ISSUER, SERVICE = "test issuer", "test registry"

    def __init__(self, tls, users, identities):
        self.tls, self.users, self.identities = tls, users, identities
        super().__init__(TokenServer.grant, tls)

    def auth(self):
        return {"token": {"realm": self.url + "/token", "service": self.SERVICE,
                          "issuer": self.ISSUER, "rootcertbundle": self.tls.ca}}

    def sign(self, claims):
        def pack(data):
            return base64.urlsafe_b64encode(data).rstrip(b"=")

        der = run("openssl", "x509", "-in", self.tls.cert, "-outform", "DER")
        header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        text = pack(json.dumps(header).encode()) + b"." + pack(json.dumps(claims).encode())
        signature = run("openssl", "dgst", "-sha256", "-sign", self.tls.key, input=text)
        return (text + b"." + pack(signature)).decode()

    def who(self, request, form):
        """User, "" without one, None if the credentials are wrong."""
        given = request.headers.get("Authorization")
        if form.get("grant_type") == ["refresh_token"]:
            return self.identities.get(form["refresh_token"][0])
        if not given:
            return ""
        user, _, password = base64.b64decode(given.split()[1]).decode().partition(":")
        return user if self.users.get(user) == password else None

    def grant(self, request):
        query = urllib.parse.urlsplit(request.path).query
        form = urllib.parse.parse_qs(request.body().decode() or query)
        user = self.who(request, form)
        if user is None:
            request.send(401, b'{"details": "who are you"}')
            return
        access = []
        for scope in " ".join(form.get("scope", [])).split():
            kind, name, actions = scope.split(":")
            allowed = actions.split(",") if user else []
            access.append({"type": kind, "name": name, "actions": allowed})
        now = int(time.time())
        token = self.sign({"iss": self.ISSUER, "sub": user, "aud": self.SERVICE, "exp": now + 600,
                           "nbf": now - 60, "iat": now, "jti": str(now), "access": access})
        key = "access_token" if request.command == "POST" else "token"
        request.send(200, json.dumps({key: token}).encode())


# Longer than what makes a broken connection worth another.
LONG = hashlib.shake_128(b"a long blob").digest(4 << 20)
LONG_DIGEST = "sha256:" + hashlib.sha256(LONG).hexdigest()
BLOB = hashlib.shake_128(b"a blob").digest(1 << 20)
DIGEST = "sha256:" + hashlib.sha256(BLOB).hexdigest()
MANIFEST = b'{"schemaVersion": 2}'


def chunks(request, data):
    """Without end: until the other side has enough."""
    request.send_response_only(200)
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    while True:
        request.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


class Liar(Server):
    """What it does is the first word of the repository: /v2/WORD/...; see each function."""

    def __init__(self, other=None, tls=None):
        self.other = other  # URL of another server
        super().__init__(Liar.answer, tls)

    def answer(self, request):
        word = request.path.split("/")[2].replace("-", "_")
        behaviour = getattr(self, "do_" + word, None)
        if behaviour:
            behaviour(request, len(self.seen(f"/v2/{request.path.split('/')[2]}/")))
        elif "/manifests/" in request.path:
            request.send(200, MANIFEST, Content_Type="application/vnd.oci.image.manifest.v1+json")
        else:
            request.send(200, BLOB)

    def do_wrong(self, request, n):
        request.send(200, BLOB[:-1] + b"x")

    def part(self, request, end):
        """From where it was asked for, up to @end of the blob only."""
        wanted = request.headers.get("Range")
        begin = int(wanted[6:].split("-")[0]) if wanted else 0
        headers = {"Content_Length": str(len(BLOB) - begin)}
        if wanted:
            headers["Content_Range"] = f"bytes {begin}-{len(BLOB) - 1}/{len(BLOB)}"
        request.send(206 if wanted else 200, BLOB[begin:end], **headers)
        request.close_connection = True

    def do_short(self, request, n):
        self.part(request, len(BLOB) // 2 if n == 1 else len(BLOB))

    def do_always_short(self, request, n):
        self.part(request, 1000 + 10 * n)

    def do_no_range(self, request, n):
        if n == 1:
            self.part(request, 5000)
        else:
            request.send(200, BLOB)

    def do_whole_again(self, request, n):
        """The beginning of it, whatever part is wanted: what came before comes again."""
        request.send(200, LONG[:2 << 20])

    def do_whole_breaks(self, request, n):
        """The same, as a connection that breaks."""
        request.send(200, LONG[:2 << 20], Content_Length=str(len(LONG)))
        request.close_connection = True

    def do_no_parts(self, request, n):
        """416 for every part, and the beginning of the whole."""
        if "Range" in request.headers:
            request.send(416)
        else:
            self.do_whole_breaks(request, n)

    def do_empty_parts(self, request, n):
        """206 with nothing in it."""
        begin = int(request.headers.get("Range", "bytes=0-")[6:].split("-")[0])
        if n == 1:
            request.send(200, LONG[:2 << 20], Content_Length=str(len(LONG)))
            request.close_connection = True
        else:
            request.send(206, Content_Range=f"bytes {begin}-{len(LONG) - 1}/{len(LONG)}")

    def do_one_byte(self, request, n):
        """A byte for each connection."""
        begin = int(request.headers.get("Range", "bytes=0-")[6:].split("-")[0])
        headers = {"Content_Length": str(len(LONG) - begin)}
        if begin:
            headers["Content_Range"] = f"bytes {begin}-{len(LONG) - 1}/{len(LONG)}"
        request.send(206 if begin else 200, LONG[begin:begin + 1], **headers)
        request.close_connection = True

    def do_no_length(self, request, n):
        """As HTTP/1.0 ends an answer: by the connection, here too early."""
        request.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + LONG[:2 << 20])
        request.close_connection = True

    def do_no_end(self, request, n):
        """Whatever was sent, the connection breaks at the end of the upload."""
        if request.command == "PUT":
            request.close_connection = True
            return
        request.body()
        request.send(404 if request.command == "HEAD" else 202, Location=f"/v2/no-end/{n}")

    def do_no_end_after_all(self, request, n):
        """The same by answers."""
        request.body()
        status = {"HEAD": 404, "PUT": 503}.get(request.command, 202)
        request.send(status, Location=f"/v2/no-end-after-all/{n}")

    def do_late(self, request, n):
        """To be asked again at a date: in an hour, or, the second word of the path, in the past."""
        when = -3600 if "/past/" in request.path else 3600
        if n == 1 or when > 0:
            request.send(429, Retry_After=email.utils.formatdate(time.time() + when, usegmt=True))
        else:
            request.send(200, BLOB)

    def do_busy_realm(self, request, n):
        """A token server that never has time."""
        if "/token" in request.path:
            request.send(503)
        else:
            request.send(401, WWW_Authenticate=f'Bearer realm="{self.url}/v2/busy-realm/token"')

    def do_ring_realm(self, request, n):
        """Token servers that send to each other."""
        if "/token" in request.path:
            request.send(302, Location="/v2/ring-realm/token?n=%d" % n)
        else:
            request.send(401, WWW_Authenticate=f'Bearer realm="{self.url}/v2/ring-realm/token"')

    def do_pauses(self, request, n):
        """A manifest, and blobs that are to be asked for later."""
        if "/manifests/" in request.path:
            request.send(200, self.manifest)
        else:
            request.send(429, Retry_After="50")

    def do_drips(self, request, n):
        """A byte now and then, for ever."""
        request.send(200, LONG[:10], Content_Length=str(len(LONG)))
        while not self.closing.wait(0.25):
            request.wfile.write(b"x")

    def do_drips_headers(self, request, n):
        request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not self.closing.wait(0.25):
            request.wfile.write(b"x")

    def do_other_part(self, request, n):
        if n == 1:
            self.part(request, 5000)
        else:
            request.send(206, BLOB[4000:], Content_Range=f"bytes 4000-{len(BLOB) - 1}/{len(BLOB)}")

    def do_ends_early(self, request, n):
        request.send(200, BLOB[:100])

    def do_endless(self, request, n):
        chunks(request, b"x" * 65536)

    def do_stalled(self, request, n):
        request.send(200, BLOB[:10], Content_Length=str(len(BLOB)))
        request.wfile.flush()
        self.closing.wait()

    def do_elsewhere(self, request, n):
        if "Authorization" not in request.headers:
            request.send(401, WWW_Authenticate='Basic realm="x"')
        else:
            request.send(307, Location=self.other + request.path.replace("elsewhere", "plain"))

    def do_to_challenge(self, request, n):
        if "Authorization" not in request.headers:
            request.send(401, WWW_Authenticate='Basic realm="x"')
        else:
            request.send(307, Location=self.other + request.path.replace("to-challenge", "ask"))

    def do_ask(self, request, n):
        request.send(401, WWW_Authenticate='Basic realm="x"')

    def do_loop(self, request, n):
        request.send(302, Location=request.path)

    def do_odd(self, request, n):
        request.send(302, Location="file:///etc/passwd")

    def do_user(self, request, n):
        request.send(302, Location=self.url.replace("://", "://a:b@") + "/v2/plain/x")

    def do_headers(self, request, n):
        request.send(200, MANIFEST, **{f"X-{i}": "y" for i in range(5000)})

    def do_long_header(self, request, n):
        request.send(200, MANIFEST, X="y" * 90000)

    def do_escape(self, request, n):
        request.send(404, json.dumps({"errors": [{"code": "A\x1b[31m", "message":
                     "red\nline\x9b \u202e" + "z" * 4000}]}).encode())

    def do_busy(self, request, n):
        if n == 1:
            request.send(429, Retry_After="1")
        else:
            request.send(200, BLOB)

    def do_busy_for_long(self, request, n):
        request.send(429, Retry_After="3600")

    def do_ill(self, request, n):
        if n <= 3:
            request.send(501 + n)
        else:
            request.send(200, BLOB)

    def do_dead(self, request, n):
        request.send(503)

    def do_missing(self, request, n):
        request.send(404)

    def do_packed(self, request, n):
        request.send(200, MANIFEST, Content_Encoding="gzip")

    def do_announced(self, request, n):
        request.send(200, MANIFEST, Docker_Content_Digest="sha256:" + "0" * 64)

    def do_plain_realm(self, request, n):
        request.send(401, WWW_Authenticate=f'Bearer realm="{self.other}/v2/token",service="s"')

    def do_bad_token(self, request, n):
        if "/token" in request.path:
            request.send(200, json.dumps({"token": "a\r\nX-Evil: yes"}).encode())
        else:
            request.send(401, WWW_Authenticate=f'Bearer realm="{self.url}/v2/bad-token/token"')

    def do_realm(self, request, n):
        """Tokens come from where @challenge says; tried are the ways of realms.py."""
        if "Authorization" not in request.headers:
            request.send(401, WWW_Authenticate=self.challenge)
        else:
            request.send(200, MANIFEST, Content_Type="application/vnd.oci.image.manifest.v1+json")

    def do_realm_away(self, request, n):
        if "Authorization" not in request.headers:
            request.send(401, WWW_Authenticate=self.challenge)
        else:
            request.send(307, Location=self.other + "/v2/good/x")

    def do_grant(self, request, n):
        """A token for everybody."""
        request.body()
        request.send(200, b'{"token": "granted"}')

    def do_grant_elsewhere(self, request, n):
        request.body()
        request.send(self.status, Location=self.other + "/v2/grant/x")

    def do_never(self, request, n):
        """A token for everybody, and nothing for anybody."""
        if "/token" in request.path:
            request.send(200, b'{"token": "abc"}')
        else:
            request.send(401, WWW_Authenticate=f'Bearer realm="{self.url}/v2/never/token"')

    def do_senthome(self, request, n):
        """The upload is to go to another host."""
        request.body()
        if request.command == "HEAD":
            request.send(404)
        elif "Authorization" not in request.headers:
            request.send(401, WWW_Authenticate='Basic realm="x"')
        else:
            request.send(202, Location=self.other + "/v2/sink/upload?state=a%2Fb")

    def count(self, command, word):
        return len([r for r in self.seen(f"/v2/{word}/") if r[0] == command])

    def do_drops(self, request, n):
        """The connection breaks in the first upload, the end of the second is not understood."""
        if request.command == "PATCH" and self.count("PATCH", "drops") == 1:
            request.rfile.read(1000)
            request.close_connection = True
            return
        request.body()
        if request.command == "HEAD":
            request.send(404)
        elif request.command == "PUT" and self.count("PUT", "drops") == 1:
            request.send(503)
        else:
            request.send({"POST": 202, "PATCH": 202, "PUT": 201}[request.command],
                         Location=f"/v2/drops/{n}")

    def do_expires(self, request, n):
        """A token is good for two requests."""
        if "/token" in request.path:
            request.send(200, json.dumps({"token": f"t{self.count('GET', 'expires') // 3}"}).encode())
        elif n % 3 == 1:
            request.send(401, WWW_Authenticate=f'Bearer realm="{self.url}/v2/expires/token"')
        elif "/manifests/" in request.path:
            request.send(200, MANIFEST)
        else:
            request.send(200, BLOB)

    def do_sink(self, request, n):
        request.body()
        request.send(202 if request.command == "PATCH" else 201,
                     Location="/v2/sink/next?state=c%2Fd")
