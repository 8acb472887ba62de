package wire

// Up is the message that carries envelopes to the controller.
func Up(list ...*Envelope) *RunUp {
	return &RunUp{Msg: &RunUp_Envelopes{Envelopes: &Envelopes{List: list}}}
}

// Down is the message that carries envelopes to an agent.
func Down(list ...*Envelope) *RunDown {
	return &RunDown{Msg: &RunDown_Envelopes{Envelopes: &Envelopes{List: list}}}
}
