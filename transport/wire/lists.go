package wire

import "hash/fnv"

// ListHash stands for an entry of a list of players: the name without case, and a ban's reason. Sums of it stand for lists.
func ListHash(key, reason string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(key))
	h.Write([]byte{0})
	h.Write([]byte(reason))
	return h.Sum64()
}
