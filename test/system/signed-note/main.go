// Checks notes and proofs with implementations of their formats that are not ours.
//
//	signed-note note NOTE LOG_VKEY [WITNESS_VKEY...]   prints what it says, and `verified NAME` for each good signature
//	signed-note inclusion TLOG_PROOF RECORD            RECORD: a file with the line, without its newline
//	signed-note consistency WITNESS_REQUEST OLD_ROOT   OLD_ROOT: base64
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/transparency-dev/formats/log"
	cosigned "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	bytes, err := os.ReadFile(os.Args[2])
	check(err)
	switch os.Args[1] {
	case "note":
		openNote(bytes, os.Args[3], os.Args[4:])
	case "inclusion":
		_, rest, _ := strings.Cut(string(bytes), "\n")
		index, path, checkpoint := split(rest)
		record, err := os.ReadFile(os.Args[3])
		check(err)
		check(tlog.CheckRecord(path, int64(checkpoint.Size), hash(checkpoint.Hash), index, tlog.RecordHash(record)))
		fmt.Println("included")
	case "consistency":
		old, path, checkpoint := split(string(bytes))
		root, err := base64.StdEncoding.DecodeString(os.Args[3])
		check(err)
		check(tlog.CheckTree(path, int64(checkpoint.Size), hash(checkpoint.Hash), old, hash(root)))
		fmt.Println("consistent")
	}
}

func openNote(bytes []byte, logKey string, witnessKeys []string) {
	verifier, err := note.NewVerifier(logKey)
	check(err)
	verifiers := []note.Verifier{verifier}
	for _, key := range witnessKeys {
		witness, err := cosigned.NewVerifierForCosignatureV1(key)
		check(err)
		verifiers = append(verifiers, witness)
	}
	opened, err := note.Open(bytes, note.VerifierList(verifiers...))
	check(err)
	checkpoint := parse(opened.Text)
	fmt.Printf("origin %s\nsize %d\nroot %x\n", checkpoint.Origin, checkpoint.Size, checkpoint.Hash)
	for _, signature := range opened.Sigs {
		fmt.Printf("verified %s\n", signature.Name)
	}
}

// split reads `WORD NUMBER`, a hash a line, an empty line and a note.
func split(text string) (int64, []tlog.Hash, log.Checkpoint) {
	head, rest, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	_, digits, _ := strings.Cut(lines[0], " ")
	number, err := strconv.ParseInt(digits, 10, 64)
	check(err)
	var path []tlog.Hash
	for _, line := range lines[1:] {
		decoded, err := base64.StdEncoding.DecodeString(line)
		check(err)
		path = append(path, hash(decoded))
	}
	body, _, _ := strings.Cut(rest, "\n\n")
	return number, path, parse(body + "\n")
}

func parse(text string) log.Checkpoint {
	var checkpoint log.Checkpoint
	rest, err := checkpoint.Unmarshal([]byte(text))
	check(err)
	if len(bytes.TrimSpace(rest)) > 0 {
		check(fmt.Errorf("not a checkpoint of three lines"))
	}
	return checkpoint
}

func hash(raw []byte) tlog.Hash {
	var hash tlog.Hash
	if copy(hash[:], raw) != tlog.HashSize || len(raw) != tlog.HashSize {
		check(fmt.Errorf("a hash of %d bytes", len(raw)))
	}
	return hash
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
