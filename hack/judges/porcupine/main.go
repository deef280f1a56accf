// porcupine judges histories of registers for linearizability, with the checker of that name.
//
// It reads one operation as JSON on each line of stdin, of any number of registers, and prints one JSON line for each
// register: whether some order of its operations, none moved out of the time between its call and its return, is one
// that a single register with compare-and-set would have shown.
// Exit status: 0 when every register could be judged, whatever the verdict; 1 otherwise.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

const patience = 2 * time.Minute

// verdict is one line of output. Result: Ok, Illegal, or Unknown where it took too long.
type verdict struct {
	Register   string `json:"register"`
	Operations int    `json:"operations"`
	Result     string `json:"result"`
}

func main() {
	if err := judge(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "porcupine:", err)
		os.Exit(1)
	}
}

func judge(in io.Reader, out io.Writer) error {
	histories, err := read(in)
	if err != nil {
		return err
	}
	names := make([]string, 0, len(histories))
	for name := range histories {
		names = append(names, name)
	}
	sort.Strings(names)
	output := json.NewEncoder(out)
	for _, name := range names {
		result := porcupine.CheckOperationsTimeout(model, histories[name], patience)
		line := verdict{Register: name, Operations: len(histories[name]), Result: string(result)}
		if err := output.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

func read(in io.Reader) (map[string][]porcupine.Operation, error) {
	input := json.NewDecoder(in)
	input.DisallowUnknownFields()
	histories := map[string][]porcupine.Operation{}
	for number := 1; ; number++ {
		var op operation
		if err := input.Decode(&op); errors.Is(err, io.EOF) {
			return histories, nil
		} else if err != nil {
			return nil, fmt.Errorf("operation %d: %w", number, err)
		}
		end := int64(math.MaxInt64) // no answer was seen: it may take effect at any time, or never
		if op.Return != nil {
			end = *op.Return
		}
		if op.Register == "" || end < op.Call {
			return nil, fmt.Errorf("operation %d: no register, or it returns before it is called", number)
		}
		histories[op.Register] = append(histories[op.Register], porcupine.Operation{Input: op, Call: op.Call, Return: end})
	}
}
