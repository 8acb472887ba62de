package supervisor

// agentLeaf is the control group below that of the service in which the agent itself is: DelegateSubgroup= in the unit, or made by the
// agent.
const agentLeaf = "agent"

// group is the control group of a game that systemd made no scope for, made and not yet entered. nil where there is none.
type group struct {
	path    string
	memory  bool   // it has the memory limit that was asked for
	trouble string // which limits it does not have, and why
}

// enter puts spec into the group: the supervisor goes there with its game.
func (g *group) enter(spec *Spec) {
	if g == nil {
		return
	}
	spec.Group, spec.MemoryHeld, spec.GroupTrouble = g.path, g.memory, g.trouble
}
