/** examples/check_evidence.py as it goes into each file of evidence; a test holds the two equal. */
export const CHECK_SCRIPT = `#!/usr/bin/env python3
"""Checks a file of evidence from an audit log: Python 3.8 standard library and openssl 3.0, nothing of checkrd's.

    check.py KEY [FOLDER]     KEY: the log's public key, base64, from elsewhere; FOLDER: the unpacked evidence, or here

Exit: 0 all of it holds, 1 something does not, 2 it cannot be checked here.
"""
import base64, hashlib, json, os, re, shutil, subprocess, sys, tempfile


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def need(holds, what):
    if not holds:
        raise ValueError(what)


def signed(key, message, signature):
    """Ed25519 by openssl; a public key in DER is twelve fixed bytes and the key."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("key", bytes.fromhex("302a300506032b6570032100") + key), ("msg", message), ("sig", signature)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        command = "openssl pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in msg -sigfile sig".split()
        return subprocess.run(command, cwd=folder, capture_output=True).returncode == 0


def canonical(record):
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def lines(folder, name):
    return read(folder, name).split(b"\\n")[:-1]


def all_keys(log, anchor, folder):
    """The key given, and each one that a chain of certificates leads to from it, with the record it serves from."""
    keys = [(anchor, 0)]
    for line in lines(folder, "keys.jsonl") if os.path.exists(os.path.join(folder, "keys.jsonl")) else []:
        record = json.loads(line)
        need(record["type"] == "key_rotated" and record["log"] == log and canonical(record) == line, "keys.jsonl: no key_rotated line")
        said = "checkrd-key-v1\\n%s\\n%d\\n%s\\n%s\\n" % (log, record["seq"], record["prev"], record["public_key"])
        whole = canonical({name: value for name, value in record.items() if name != "sig"})
        by = [key for key, _ in keys if signed(key, said.encode(), base64.b64decode(record["signature"]))
              and signed(key, b"checkrd-record-v1\\n" + whole, base64.b64decode(record["sig"]))]
        need(by, "keys.jsonl: record %d is certified by no key before it" % record["seq"])
        keys.append((base64.b64decode(record["public_key"]), record["seq"]))
    return keys


def checkpoint(log, size, keys, folder):
    """The root that a known key signed for this size, and since when that key serves."""
    name = "checkpoints/%d.txt" % size
    body, _, rest = read(folder, name).decode("utf-8").partition("\\n\\n")
    origin, said, root = body.split("\\n")
    need(origin == log and said == str(size), name + ": another log, or another size")
    for dash, signer, blob in (line.split(" ") for line in rest.rstrip("\\n").split("\\n")):
        raw = base64.b64decode(blob, validate=True)
        for key, since in keys:
            if signer == log and raw[:4] == sha(log.encode(), b"\\n\\x01", key)[:4]:
                need(signed(key, body.encode() + b"\\n", raw[4:]), name + ": the signature does not fit")
                return base64.b64decode(root, validate=True), since
    raise ValueError(name + ": not signed by the key given, or one that it leads to")


def root_of(index, size, leaf, path):
    """RFC 9162, 2.1.3.2"""
    here, last, node = index, size - 1, leaf
    for sibling in path:
        need(last > 0, "a path that is too long")
        if here % 2 or here == last:
            node = sha(b"\\x01", sibling, node)
            while here % 2 == 0 and here:
                here, last = here // 2, last // 2
        else:
            node = sha(b"\\x01", node, sibling)
        here, last = here // 2, last // 2
    need(last == 0, "a path that is too short")
    return node


def check(anchor, folder):
    evidence = json.loads(read(folder, "evidence.json"))
    log, stated, records = evidence["log"], evidence["records"], lines(folder, "records.jsonl")
    need(evidence["format"] == "checkrd-evidence-v1", "evidence.json: another format")
    need(len(records) == len(stated) > 0, "records.jsonl: not as many lines as evidence.json speaks of")
    keys = all_keys(log, anchor, folder)
    heads = {size: checkpoint(log, size, keys, folder) for size in sorted({record["checkpoint"] for record in stated})}
    named, later, before = set(), 0, -1
    for line, record in zip(records, stated):
        index, size, said = record["index"], record["checkpoint"], json.loads(line)
        what = "record %d" % index
        need(said["log"] == log and said["seq"] == index > before and canonical(said) == line, what + ": another record")
        path = [base64.b64decode(text, validate=True) for text in record["path"]]
        need(index < size and root_of(index, size, sha(b"\\x00", line), path) == heads[size][0], what + ": not in the tree that was signed")
        named |= {said.get("policy_sha256")} if said["type"] != "policy_rejected" else set()
        later, before = later + (index < heads[size][1]), index
    policies = sorted(named - {None})
    for name in policies:
        if name in evidence["missing_policies"]:
            print("policy %s: MISSING, a record names it" % name)
            continue
        need(re.fullmatch("[0-9a-f]{64}", name), "policy " + name)
        text = read(folder, "policies/" + name)
        need(hashlib.sha256(text).hexdigest() == name, "policy " + name)
        print("policy %s: held, its hash is right" % name)
        if re.fullmatch(b"([0-9a-f]{64} [^\\n]+\\n){2,}", text):
            # Policies in layers: a list of documents.
            policies += sorted({line[:64].decode() for line in text.split(b"\\n")[:-1]} - set(policies))
    for size, (root, _) in sorted(heads.items()):
        print("checkpoint %d: signed, root %s" % (size, root.hex()))
    print("%d records of %s: all in the tree that was signed" % (len(records), log))
    if later:
        print("note: %d of them are older than the key that vouches for them" % later)


def main(args):
    if len(args) not in (1, 2):
        sys.exit(print(__doc__) or 64)
    if shutil.which("openssl") is None:
        sys.exit(print("cannot check: no openssl") or 2)
    try:
        anchor = base64.b64decode(args[0], validate=True)
        need(len(anchor) == 32, "KEY is not 32 bytes in base64")
        check(anchor, args[1] if len(args) == 2 else ".")
    except (ValueError, KeyError, TypeError, OSError) as error:
        print("DOES NOT HOLD: %s" % error)
        return 1
    print("HOLDS, if the key is the log's")
    return 0


sys.exit(main(sys.argv[1:]))
`;
