package webtest

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
)

// TarXZ packs the folder dir as name, in the way that releases of the game are packed. It is quick because it stores what it packs.
func TarXZ(t testing.TB, dir, name string) []byte {
	t.Helper()
	var out bytes.Buffer
	files := tar.NewWriter(&out)
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		header, err := tar.FileInfoHeader(info, "")
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		header.Name = filepath.ToSlash(filepath.Join(name, rel))
		if err := files.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil {
			_, err = files.Write(text)
		}
		return err
	})
	if err == nil {
		err = files.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return StoreXZ(out.Bytes())
}

// StoreXZ wraps content as an .xz file with one stream of one block, without compressing it.
func StoreXZ(content []byte) []byte {
	le := binary.LittleEndian
	flags := []byte{0, 1} // checked by CRC-32
	sum := func(b []byte) []byte { return le.AppendUint32(nil, crc32.ChecksumIEEE(b)) }
	pad := func(b []byte) []byte { return append(b, make([]byte, (4-len(b)%4)%4)...) }

	block := pad([]byte{2, 0, 0x21, 1, 8}) // 12 bytes, one filter: LZMA2 with a dictionary of 64 KiB
	block = append(block, sum(block)...)
	control := byte(1) // a stored piece that resets the dictionary
	for rest := content; len(rest) > 0; control = 2 {
		piece := rest[:min(len(rest), 1<<16)]
		block = binary.BigEndian.AppendUint16(append(block, control), uint16(len(piece)-1))
		block, rest = append(block, piece...), rest[len(piece):]
	}
	block = append(block, 0)
	unpadded := len(block) + 4
	block = append(pad(block), sum(content)...)

	index := binary.AppendUvarint([]byte{0, 1}, uint64(unpadded))
	index = pad(binary.AppendUvarint(index, uint64(len(content))))
	index = append(index, sum(index)...)
	end := append(le.AppendUint32(nil, uint32(len(index)/4-1)), flags...)

	file := append([]byte{0xFD, '7', 'z', 'X', 'Z', 0}, flags...)
	file = append(append(append(file, sum(flags)...), block...), index...)
	return append(append(append(file, sum(end)...), end...), 'Y', 'Z')
}
