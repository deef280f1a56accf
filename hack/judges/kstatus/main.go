// kstatus judges status objects with the libraries that Flux, Helm and kubectl wait rely on.
//
// It reads JSON objects (or a List) on stdin and prints one JSON line for each: what kstatus concludes, and what
// the condition linter of Flux finds wrong with it as a final state and as one still in progress.
// Exit status: 0 when every object could be judged, whatever the verdict; 1 otherwise.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/runtime/conditions"
	"github.com/fluxcd/pkg/runtime/conditions/check"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	apijson "k8s.io/apimachinery/pkg/util/json"
)

// verdict is one line of output. The lint fields hold the text of the findings, empty where there are none.
type verdict struct {
	Kind           string `json:"kind"`
	Name           string `json:"name"`
	Kstatus        string `json:"kstatus"`
	Message        string `json:"message"`
	FinalFail      string `json:"finalFail"`
	FinalWarn      string `json:"finalWarn"`
	InProgressFail string `json:"inProgressFail"`
	InProgressWarn string `json:"inProgressWarn"`
}

// abnormal lists the conditions whose True contradicts Ready. Degraded and Drift do not: the policy is still enforced.
var abnormal = []string{"Stalled", "Reconciling"}

func main() {
	if err := judge(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kstatus:", err)
		os.Exit(1)
	}
}

func judge(in io.Reader, out io.Writer) error {
	input, output := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var text json.RawMessage
		if err := input.Decode(&text); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var object map[string]any
		if err := apijson.Unmarshal(text, &object); err != nil { // keeps integers whole, as the libraries want them
			return err
		}
		err := each(object, func(item *unstructured.Unstructured) error {
			line, err := judgeOne(item)
			if err != nil {
				return fmt.Errorf("%s %s: %w", item.GetKind(), item.GetName(), err)
			}
			return output.Encode(line)
		})
		if err != nil {
			return err
		}
	}
}

func each(object map[string]any, do func(*unstructured.Unstructured) error) error {
	item := &unstructured.Unstructured{Object: object}
	if !item.IsList() {
		return do(item)
	}
	return item.EachListItem(func(entry runtime.Object) error { return do(entry.(*unstructured.Unstructured)) })
}

func judgeOne(object *unstructured.Unstructured) (verdict, error) {
	result, err := status.Compute(object)
	if err != nil {
		return verdict{}, err
	}
	line := verdict{
		Kind:    object.GetKind(),
		Name:    object.GetName(),
		Kstatus: result.Status.String(),
		Message: result.Message,
	}
	polarity := &check.Conditions{NegativePolarity: abnormal}
	final, progress := check.NewChecker(nil, polarity), check.NewInProgressChecker(nil)
	final.DisableFetch, progress.DisableFetch = true, true
	ctx, getter := context.Background(), conditions.UnstructuredGetter(object)
	line.FinalFail, line.FinalWarn = texts(final.Check(ctx, getter))
	line.InProgressFail, line.InProgressWarn = texts(progress.Check(ctx, getter))
	return line, nil
}

func texts(fail, warn error) (string, string) {
	text := func(err error) string {
		if err == nil {
			return ""
		}
		return err.Error()
	}
	return text(fail), text(warn)
}
