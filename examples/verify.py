#!/usr/bin/env python3
"""Checks an audit log with nothing of checkrd's: written from docs/audit-log.md alone, Python 3.8 standard library.

    verify.py --key KEY FILE...      KEY: base64 of the public key, or the path of its .pub file

Exit: 0 intact and signed by the key, 1 tampered (the first bad line is named), 2 cannot say, 64 misuse.
Signatures are checked by the openssl program (3.0 or later); without it the answer is at best 2.
"""
import base64, functools, hashlib, json, os, pathlib, re, shutil, subprocess, sys, tempfile

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def unbase64(text):
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("base64 in another spelling")
    return raw

def canonical(record):
    """RFC 8785 for flat records; all names are ASCII."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")

def parse(line):
    """The record of one line; ValueError for bytes that are none."""
    record = json.loads(line.decode("utf-8")) if len(line) <= 16384 else None
    if not isinstance(record, dict) or canonical(record) != line:
        raise ValueError("no canonical record")
    values = record.values()
    if not all(type(value) in (str, bool) or type(value) is int and abs(value) < 2**53 for value in values):
        raise ValueError("a value that no record has")
    names = {"log": str, "prev": str, "time": str, "type": str, "v": int, "seq": int}
    typed = all(type(record.get(name)) is kind for name, kind in names.items()) and record["v"] == 1
    if not typed or record["seq"] < 0 or not re.fullmatch("[0-9a-f]{64}", record["prev"]):
        raise ValueError("not a record")
    return record

class Tree:
    """RFC 6962: the roots of the perfect subtrees, largest first, and how many leaves there are."""
    def __init__(self, size=0, roots=()):
        self.size, self.roots = size, list(roots)

    def add(self, leaf):
        self.size = size = self.size + 1
        while size % 2 == 0:
            leaf = sha(b"\x01", self.roots.pop(), leaf)
            size //= 2
        self.roots.append(leaf)

    def root(self):
        return functools.reduce(lambda root, left: sha(b"\x01", left, root), self.roots[::-1] or [sha(b"")])

    def frontier(self):
        return ",".join(base64.b64encode(root).decode() for root in self.roots)

class Key:
    def __init__(self, raw):
        self.raw, self.id = raw, hashlib.sha256(raw).hexdigest()[:16]
        self.openssl = shutil.which("openssl")

    def signed(self, message, signature):
        """Ed25519 by openssl; SubjectPublicKeyInfo is twelve fixed bytes and the key."""
        if self.openssl is None:
            return True
        with tempfile.TemporaryDirectory() as folder:
            der = bytes.fromhex("302a300506032b6570032100") + self.raw
            for name, data in (("key", der), ("message", message), ("sig", signature)):
                pathlib.Path(folder, name).write_bytes(data)
            command = "pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in message -sigfile sig".split()
            return subprocess.run([self.openssl] + command, cwd=folder, capture_output=True).returncode == 0

class Log:
    def __init__(self, key):
        self.keys, self.tree, self.log, self.head, self.leaves, self.good = [key], None, None, b"", [], False

    def take(self, record, line):
        first = self.tree is None
        if first:
            self.begin(record)
        if record["log"] != self.log or record["seq"] != self.tree.size + len(self.leaves) or record["prev"] != self.head.hex():
            raise ValueError("it does not follow from the line before, or that line was changed")
        if record["type"] in ("log_started", "segment_opened"):
            self.opened(record, first)
        if record["type"] == "recovered" and record["cause"] == "tail_lost" and record.get("to") == self.first > 0:
            raise ValueError("lines were gone when the writer started, and are not here")
        if record["type"] == "checkpoint":
            self.checkpoint(record)
        elif record["type"] == "key_rotated":
            self.rotated(record)
        elif "sig" in record and not any(self.signed(record, key) for key in self.keys):
            raise ValueError("a signature that does not fit")
        self.head = sha(b"\x00", line)
        self.leaves.append(self.head)

    def begin(self, record):
        self.log, self.head, self.tree, self.first = record["log"], sha(b"\x00", record["log"].encode()), Tree(), 0
        if record["type"] == "segment_opened":
            roots = [unbase64(text) for text in record["frontier"].split(",")]
            if len(roots) != bin(record["seq"]).count("1"):
                raise ValueError("a frontier of another size")
            self.head, self.tree, self.first = bytes.fromhex(record["prev"]), Tree(record["seq"], roots), record["seq"]
            if record["reason"] == "truncated":
                raise ValueError("the file before was cut, and its lines are not here")

    def opened(self, record, first):
        self.keys = self.keys[self.keys.index(self.named(Key(unbase64(record["public_key"])).id, record["key_id"])):]
        if record["type"] == "segment_opened" and not first:
            self.advance(record["seq"])
            if record["size"] != record["seq"] or record["frontier"] != self.tree.frontier():
                raise ValueError("its frontier is not that of the lines before")

    def advance(self, size):
        if not self.tree.size <= size <= self.tree.size + len(self.leaves):
            raise ValueError("a size that the lines do not have")
        while self.tree.size < size:
            self.tree.add(self.leaves.pop(0))

    def named(self, *ids):
        """The key in force, or the one before it as long as the new one has signed nothing."""
        for key in self.keys:
            if all(name == key.id for name in ids):
                return key
        raise ValueError("it names another key")

    def signed(self, record, key):
        unsigned = {name: value for name, value in record.items() if name != "sig"}
        return key.signed(b"checkrd-record-v1\n" + canonical(unsigned), unbase64(record["sig"]))

    def rotated(self, record):
        names = [self.log, str(record["seq"]), record["prev"], record["public_key"], ""]
        message, signature = "\n".join(["checkrd-key-v1"] + names).encode(), unbase64(record["signature"])
        old = [key for key in self.keys if key.signed(message, signature) and self.signed(record, key)]
        new = Key(unbase64(record["public_key"]))
        if not old or new.id != record["key_id"]:
            raise ValueError("a key that the one before does not certify")
        self.keys = [new, old[0]]

    def checkpoint(self, record):
        key = self.named(record["key_id"])
        body, _, rest = record["note"].partition("\n\n")
        root = base64.b64encode(bytes.fromhex(record["root"])).decode()
        if body != "%s\n%d\n%s" % (self.log, record["size"], root):
            raise ValueError("its note says something else")
        dash, name, blob = rest.rstrip("\n").split(" ")
        signature, known = unbase64(blob), sha(self.log.encode(), b"\n\x01", key.raw)[:4]
        named = (dash, name, signature[:4]) == ("\u2014", self.log, known)
        if not named or not self.signed(record, key) or not key.signed(body.encode() + b"\n", signature[4:]):
            raise ValueError("a signature of it does not fit")
        self.advance(record["size"])
        if self.tree.root().hex() != record["root"]:
            raise ValueError("the lines have another root than was signed")
        self.good, self.keys = True, [key]

def beginning(data):
    """A file's first records."""
    records = []
    for line in data.split(b"\n", 8)[:8]:
        try:
            records.append(parse(line))
        except ValueError:
            break
    return records

def accounted(data, later):
    """The end of a file without what the next file's first records account for."""
    for record in later:
        if record["type"] == "recovered" and 0 < record.get("bytes", 0) <= len(data):
            end, cause = data[-record["bytes"]:], record["cause"]
            excused = cause == "write_failed" or (cause == "tail_damaged" and b"\x00" in end)
            if excused and hashlib.sha256(end).hexdigest() == record.get("sha256"):
                return data[:-len(end)]
    return data

def main(args):
    if len(args) < 3 or args[0] != "--key":
        sys.exit(print(__doc__) or 64)
    text = args[1] if not os.path.exists(args[1]) else open(args[1]).read().strip()
    log, torn = Log(Key(unbase64(text))), False
    files = [(path, data, beginning(data)) for path in args[2:] for data in [open(path, "rb").read()]]
    files.sort(key=lambda file: file[2][0]["seq"] if file[2] else 0)
    for index, (path, data, _) in enumerate(files):
        later = files[index + 1][2] if index + 1 < len(files) else []
        lines = accounted(data, later[1:]).split(b"\n")
        for number, line in enumerate(lines[:-1], 1):
            try:
                log.take(parse(line), line)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                print("%s:%d: %s" % (path, number, error))
                return 1
        if lines[-1] and later and later[0].get("reason") == "foreign_bytes":
            print("%s:%d: bytes that are not the writer's" % (path, len(lines)))
            return 1
        torn = torn or lines[-1] != b""
    if torn or not log.good or log.keys[0].openssl is None:
        print("cannot say: a torn end, nothing signed, or no openssl to check it")
        return 2
    print("intact: %d records of %s" % (log.tree.size + len(log.leaves), log.log))
    return 0
sys.exit(main(sys.argv[1:]))
