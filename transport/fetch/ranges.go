package fetch

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
)

// validator is what If-Range can name the file with: a strong ETag, or its date. It is empty if the service takes no ranges.
func validator(h http.Header) string {
	if strings.EqualFold(h.Get("Accept-Ranges"), "none") {
		return ""
	}
	if tag := h.Get("ETag"); strings.HasPrefix(tag, `"`) {
		return tag
	}
	return h.Get("Last-Modified")
}

// contentRange reads "bytes 100-199/200" and wants the range to reach to the end. Total is -1 for "bytes 100-199/*".
func contentRange(value string) (start, total int64, ok bool) {
	value, ok = strings.CutPrefix(value, "bytes ")
	span, size, ok2 := strings.Cut(value, "/")
	first, last, ok3 := strings.Cut(span, "-")
	if !ok || !ok2 || !ok3 {
		return 0, 0, false
	}
	start, err := strconv.ParseInt(first, 10, 64)
	end, err2 := strconv.ParseInt(last, 10, 64)
	if err != nil || err2 != nil || start < 0 || end < start {
		return 0, 0, false
	}
	if size == "*" {
		return start, -1, true
	}
	total, err = strconv.ParseInt(size, 10, 64)
	if err != nil || end != total-1 {
		return 0, 0, false
	}
	return start, total, true
}

func randomText() string { return rand.Text()[:12] }
