package archive

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// trailer is the end of an archive: a frame with a line of text that zstd skips. It has
// the offsets of the frames that can be read separately, and the checksums that protect
// the archive.
//
// The last checksum covers all bytes before it. The line feed after it is covered by no
// checksum, but is checked as part of the format.
type trailer struct {
	amend, history, manifest int64 // offsets of their frames; the manifest ends at the trailer
	manifestSum, sum         [32]byte
}

const (
	skippable   = 0x184D2A5C
	trailerTag  = "confo-sync/backup 1 "
	trailerText = len(trailerTag) + len("amend  history  manifest  sha256  file ") + 3*20 + 2*64 + 1
	trailerSize = 8 + trailerText
	// afterSum is the size of the part after the data of the last checksum.
	afterSum = 64 + 1
)

// encode returns the trailer. The last checksum covers the bytes before it, so the
// caller sets it later.
func (t trailer) encode() []byte {
	b := binary.LittleEndian.AppendUint32(nil, skippable)
	b = binary.LittleEndian.AppendUint32(b, uint32(trailerText))
	return fmt.Appendf(b, "%samend %020d history %020d manifest %020d sha256 %x file %x\n",
		trailerTag, t.amend, t.history, t.manifest, t.manifestSum, t.sum)
}

// decodeTrailer parses the end of a file. size is that of the file.
func decodeTrailer(b []byte, size int64) (trailer, error) {
	var t trailer
	errMissing := errors.New("its end is missing: it is incomplete, or data was added")
	if len(b) != trailerSize || !strings.HasPrefix(string(b[8:]), trailerTag) {
		return t, errMissing
	}
	var sums [2]string
	_, err := fmt.Sscanf(string(b[8+len(trailerTag):]), "amend %d history %d manifest %d sha256 %64s file %64s\n",
		&t.amend, &t.history, &t.manifest, &sums[0], &sums[1])
	if err == nil {
		err = decodeSum(&t.manifestSum, sums[0])
	}
	if err == nil {
		err = decodeSum(&t.sum, sums[1])
	}
	switch {
	case err != nil || string(t.encode()) != string(b):
		return t, errors.New("its last frame was changed")
	case t.amend < 0 || t.history < t.amend || t.manifest < t.history || t.manifest > size-int64(trailerSize):
		return t, errors.New("its last frame points outside the file")
	}
	return t, nil
}

func decodeSum(sum *[32]byte, text string) error {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(sum) {
		return errors.New("not a checksum")
	}
	copy(sum[:], b)
	return nil
}
