package ledger

import "math/bits"

// Freshness and temperature travel as sums beside the counts: of items that spoil, count × freshness in thousandths; of
// fluids, amount × degrees. They are not money: a count is never changed for the sake of a sum, and after a rollback an
// average may be a little off. An average that can't be is brought to the nearest that can.

// bounds are the lowest and the highest average of a kind.
func (k Kind) bounds() (low, high int64) {
	switch k {
	case Goods:
		return 0, 1000
	case Fluid:
		return -1_000_000, 1_000_000
	}
	return 0, 0
}

// clampSum brings the sum of n units into what their average can be.
func clampSum(item Item, sum, n int64) int64 {
	if sum == 0 {
		return 0
	}
	low, high := item.Kind().bounds()
	return min(max(sum, times(low, n)), times(high, n))
}

// times multiplies and stays within maxSum.
func times(a, n int64) int64 {
	negative := (a < 0) != (n < 0)
	hi, lo := bits.Mul64(magnitude(a), magnitude(n))
	if hi > 0 || lo > maxSum {
		lo = maxSum
	}
	if negative {
		return -int64(lo)
	}
	return int64(lo)
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

// plus adds sums and stays within maxSum.
func plus(a, b int64) int64 { return min(max(a+b, -maxSum), maxSum) }

// part is what belongs of a sum to n units out of whole, of which there is one at least.
func part(sum, n, whole int64) int64 {
	if sum == 0 || n == whole {
		return sum
	}
	hi, lo := bits.Mul64(magnitude(sum), magnitude(n))
	if hi >= uint64(whole) {
		return 0 // more than a sum can be
	}
	q, _ := bits.Div64(hi, lo, uint64(whole))
	q = min(q, maxSum)
	if sum < 0 {
		return -int64(q)
	}
	return int64(q)
}

// worth is the sum of d units by which an account is to grow: as fresh or warm as what the world sent since it was last
// heard, or where it sent nothing, as what comes back to the bus because it was never received.
func (a account) worth(t Record, d int64) int64 {
	var sum int64
	if sent := t.E - a.e - a.held; sent > 0 {
		sum = part(t.ES-a.eSum, d, sent)
	} else if back := a.g - t.I; back > 0 {
		sum = part(a.gSum-t.IS, d, back)
	}
	return clampSum(t.Item, sum, d)
}

// setSums notes the sums that a world tells. What was granted counts as received where nothing is on its way.
func (s *State) setSums(w *world, t Record) {
	a := w.peek(t.Item)
	granted := a.gSum
	if a.g == t.I {
		granted = t.IS
	}
	if a.eSum == t.ES && a.iSum == t.IS && a.gSum == granted {
		return
	}
	now := w.account(t.Item)
	now.eSum, now.iSum, now.gSum = t.ES, t.IS, granted
	s.touch(w, t.Item)
}

// put adds to what the bus has; sum is of all n.
func (s *State) put(item Item, n, sum int64) {
	if n == 0 {
		return
	}
	p := s.pool(item)
	p.bus += n
	p.sum = clampSum(item, plus(p.sum, sum), p.bus)
	s.dirty.bus[item] = struct{}{}
}

// take removes from what the bus has, of average freshness or temperature, and returns the sum of that.
func (s *State) take(item Item, n int64) (sum int64) {
	if n == 0 {
		return 0
	}
	p := s.pool(item)
	sum = part(p.sum, n, p.bus)
	p.bus -= n
	p.sum -= sum
	s.dirty.bus[item] = struct{}{}
	return sum
}
