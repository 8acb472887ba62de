package save

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strconv"
	"unicode/utf8"

	"mainbus/hostagent/factorio/scriptdat"
)

const (
	flagEncrypted  = 0x1
	flagDescriptor = 0x8   // sizes follow the data
	flagUTF8       = 0x800 // the name is UTF-8
	zipVersion     = 20
)

// Writer makes a save zip as the game does: one root folder, no dates (day 0 of month 0 of 1980), sizes before the data. The
// first error sticks, and Close returns it.
type Writer struct {
	file    *os.File
	zip     *zip.Writer
	deflate *flate.Writer // of File; making one costs more than packing a script
	root    string
	names   map[string]bool
	err     error
}

// Create begins a save in a new file at path, or over the one that is there: give it a temporary name and rename it after
// Close.
func Create(path, root string) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create save: %w", err)
	}
	w, err := newWriter(f, root)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("create save %s: %w", path, err)
	}
	return w, nil
}

func newWriter(f *os.File, root string) (*Writer, error) {
	if err := checkRoot(root); err != nil {
		return nil, err
	}
	deflate, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	return &Writer{file: f, zip: zip.NewWriter(f), deflate: deflate, root: root, names: make(map[string]bool)}, nil
}

// File adds a file by its name relative to the root folder, slashes between folders.
func (w *Writer) File(name string, data []byte) error {
	var packed bytes.Buffer
	w.deflate.Reset(&packed)
	w.deflate.Write(data) // into memory: can't fail
	w.deflate.Close()
	h := zip.FileHeader{Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(data), UncompressedSize64: uint64(len(data))}
	return w.add(name, h, packed.Bytes())
}

// Level adds the level data: h and what comes after it, which in the game's own levels begins with the map generation settings. As
// the version of h wants, it is one file, or parts of 1 MiB with their metadata.
func (w *Writer) Level(h Header, rest io.Reader) error {
	header, err := h.AppendBinary(nil)
	if err != nil {
		return w.fail(levelPart, err)
	}
	data := io.MultiReader(bytes.NewReader(header), rest)
	if h.Version.Compare(firstParts) < 0 {
		return w.levelWhole(data)
	}
	part := make([]byte, partSize)
	var total uint64
	for number := 0; ; number++ {
		n, err := io.ReadFull(data, part)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return w.fail(levelPart, err)
		}
		if n > 0 {
			if err := w.levelPart(number, part[:n]); err != nil {
				return err
			}
			total += uint64(n)
		}
		if err != nil {
			return w.File(levelMetadata, binary.LittleEndian.AppendUint64(nil, total))
		}
	}
}

// levelWhole holds the packed level in memory: its sizes must stand before the data.
func (w *Writer) levelWhole(data io.Reader) error {
	var packed bytes.Buffer
	deflate, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		return w.fail(levelWhole, err)
	}
	crc := crc32.NewIEEE()
	n, err := io.Copy(io.MultiWriter(deflate, crc), data)
	if err != nil {
		return w.fail(levelWhole, err)
	}
	deflate.Close() // into memory: can't fail
	return w.add(levelWhole, zip.FileHeader{Method: zip.Deflate, CRC32: crc.Sum32(), UncompressedSize64: uint64(n)}, packed.Bytes())
}

func (w *Writer) levelPart(number int, data []byte) error {
	name := levelPart + strconv.Itoa(number)
	var packed bytes.Buffer
	z, err := zlib.NewWriterLevel(&packed, zlib.BestSpeed)
	if err != nil {
		return w.fail(name, err)
	}
	z.Write(data) // into memory: can't fail
	z.Close()
	h := zip.FileHeader{Method: zip.Store, CRC32: crc32.ChecksumIEEE(packed.Bytes()), UncompressedSize64: uint64(packed.Len())}
	return w.add(name, h, packed.Bytes())
}

// Script adds script.dat.
func (w *Writer) Script(f scriptdat.File) error {
	var b bytes.Buffer
	if err := scriptdat.Write(&b, f); err != nil {
		return w.fail(scriptData, err)
	}
	return w.File(scriptData, b.Bytes())
}

// Close completes the zip and syncs the file to disk.
func (w *Writer) Close() error {
	err := w.err
	if err == nil {
		if err = w.zip.Close(); err == nil {
			err = w.file.Sync()
		}
		if err != nil {
			err = fmt.Errorf("complete save: %w", err)
		}
	}
	if closed := w.file.Close(); err == nil && closed != nil {
		err = fmt.Errorf("close save: %w", closed)
	}
	return err
}

// add writes an entry whose stored bytes are packed already, so that its sizes stand before the data. h has method, CRC and
// inflated size.
func (w *Writer) add(name string, h zip.FileHeader, packed []byte) error {
	if err := checkName(name); err != nil {
		return w.fail(name, err)
	}
	h.Name, h.ReaderVersion, h.CompressedSize64 = w.root+"/"+name, zipVersion, uint64(len(packed))
	if utf8.ValidString(h.Name) {
		h.Flags = flagUTF8
	}
	return w.addRaw(name, h, bytes.NewReader(packed))
}

// copyEntry adds an entry of another save without inflating it.
func (w *Writer) copyEntry(name string, f *zip.File) error {
	data, err := f.OpenRaw()
	if err != nil {
		return w.fail(name, err)
	}
	h := f.FileHeader
	h.Flags &^= flagDescriptor // the directory that h comes from has the sizes
	return w.addRaw(name, h, data)
}

func (w *Writer) addRaw(name string, h zip.FileHeader, packed io.Reader) error {
	if w.err != nil {
		return w.err
	}
	if w.names[name] {
		return w.fail(name, errors.New("it is there already"))
	}
	w.names[name] = true
	out, err := w.zip.CreateRaw(&h)
	if err != nil {
		return w.fail(name, err)
	}
	if _, err := io.Copy(out, packed); err != nil {
		return w.fail(name, err)
	}
	return nil
}

func (w *Writer) fail(name string, err error) error {
	if w.err == nil {
		w.err = fmt.Errorf("write %s of save: %w", name, err)
	}
	return w.err
}
