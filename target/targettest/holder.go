package targettest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/confo-sync/confo-sync/target"
)

// holderVariable is set for a process that holds a lock for a test.
const holderVariable = "CONFO_SYNC_TEST_HOLDER"

type held struct {
	Place string
	Run   target.Run
}

// HoldIfAsked makes the test program hold a lock until it is killed, if Hold started
// it. In this case it does not return. Call it in an init function, before any test
// runs. open returns a client for the place that was given to Hold.
func HoldIfAsked(open func(place string) (target.Target, error)) {
	asked := os.Getenv(holderVariable)
	if asked == "" {
		return
	}
	err := func() error {
		var h held
		if err := json.Unmarshal([]byte(asked), &h); err != nil {
			return err
		}
		client, err := open(h.Place)
		if err != nil {
			return err
		}
		h.Run.Wait = prompt
		if _, err := client.Begin(context.Background(), h.Run); err != nil {
			return err
		}
		fmt.Println("held")
		_, err = io.Copy(io.Discard, os.Stdin) // until this process or the test is killed
		return err
	}()
	fmt.Println(err)
	os.Exit(1)
}

// Hold implements Fixture.Hold for a package whose tests call HoldIfAsked.
func Hold(t *testing.T, place string, run target.Run) (kill func()) {
	t.Helper()
	asked, err := json.Marshal(held{place, run})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), holderVariable+"="+string(asked))
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill() // it may have ended already
		_ = cmd.Wait()
		input.Close()
	}
	t.Cleanup(kill)
	if said, err := bufio.NewReader(output).ReadString('\n'); said != "held\n" {
		t.Fatalf("the other process said %q: %v", said, err)
	}
	return kill
}
