package main

import (
	"encoding/json"

	"github.com/anishathalye/porcupine"
)

// text is what a register holds, or nothing at all. It is comparable, so states are.
type text struct {
	Present bool
	Text    string
}

// UnmarshalJSON reads a string, or null for nothing.
func (t *text) UnmarshalJSON(data []byte) error {
	var found *string
	if err := json.Unmarshal(data, &found); err != nil {
		return err
	}
	*t = text{}
	if found != nil {
		*t = text{Present: true, Text: *found}
	}
	return nil
}

// register is the state: a value, the stamp beside it, and the newest epoch (and its decision) that was ever put there.
type register struct {
	Value, Stamp text
	Epoch        uint64
	ID           string
}

// operation is one line of input.
//
//	read    it saw SeenValue and SeenStamp, each a list of one, or empty where it did not look
//	swap    if the value is one of ExpectValue and the stamp is ExpectStamp (each only if given), put SetValue and
//	        SetStamp (each only if given); Applied says whether it did, absent where nobody knows
//
// A swap with an epoch is one of the operator's. It may be applied only over an older epoch, or over its own decision
// again. With ChecksEpoch the target knows that rule and refuses by it; with Repeats it answers yes, and changes
// nothing, where all is as wanted already.
type operation struct {
	Register string `json:"register"`
	Call     int64  `json:"call"`
	Return   *int64 `json:"return"`
	Kind     string `json:"kind"`

	SeenValue []text `json:"seenValue"`
	SeenStamp []text `json:"seenStamp"`

	ExpectValue []text `json:"expectValue"`
	ExpectStamp []text `json:"expectStamp"`
	SetValue    []text `json:"setValue"`
	SetStamp    []text `json:"setStamp"`
	Epoch       uint64 `json:"epoch"`
	ID          string `json:"id"`
	ChecksEpoch bool   `json:"checksEpoch"`
	Repeats     bool   `json:"repeats"`
	Applied     *bool  `json:"applied"`
}

var model = porcupine.Model{
	Init: func() interface{} { return register{} },
	Step: func(state, input, _ interface{}) (bool, interface{}) {
		now, op := state.(register), input.(operation)
		if op.Kind == "read" {
			return isOneOf(op.SeenValue, now.Value) && isOneOf(op.SeenStamp, now.Stamp), now
		}
		return swap(now, op)
	},
}

func swap(now register, op operation) (bool, register) {
	next := now.with(op)
	isThere := op.Repeats && next.Value == now.Value && next.Stamp == now.Stamp
	isExpected := isOneOf(op.ExpectValue, now.Value) && isOneOf(op.ExpectStamp, now.Stamp)
	mayFollow := op.Epoch == 0 || op.Epoch > now.Epoch || (op.Epoch == now.Epoch && op.ID == now.ID)
	switch {
	case op.Applied == nil: // it did what such a target does
		if isThere || !isExpected || !mayFollow {
			return true, now
		}
		return true, next
	case *op.Applied:
		return isThere || (isExpected && mayFollow), next
	default:
		return !isThere && (!isExpected || (op.ChecksEpoch && op.Epoch <= now.Epoch)), now
	}
}

func (r register) with(op operation) register {
	if len(op.SetValue) > 0 {
		r.Value = op.SetValue[0]
	}
	if len(op.SetStamp) > 0 {
		r.Stamp = op.SetStamp[0]
	}
	if op.Epoch > 0 {
		r.Epoch, r.ID = op.Epoch, op.ID
	}
	return r
}

// isOneOf: nothing given means that anything will do.
func isOneOf(allowed []text, found text) bool {
	for _, item := range allowed {
		if item == found {
			return true
		}
	}
	return len(allowed) == 0
}
