package supervisor

// Limits is what a game may use of its machine. What is 0 or empty is no limit.
type Limits struct {
	MemoryBytes uint64 `json:"memory_bytes,omitempty"` // holds in a scope only
	Niceness    int    `json:"niceness,omitempty"`     // from -20 to 19
	CPUs        []int  `json:"cpus,omitempty"`         // numbers of processors
}

func (l Limits) none() bool { return l.Niceness == 0 && len(l.CPUs) == 0 }
