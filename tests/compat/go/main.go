// Talks to the server as programs in Go do: net/rpc with its JSON codec over TCP. Prints one JSON document
// of what it saw; the test that runs it says what that has to be.
package main

import (
	"encoding/json"
	"fmt"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"sync"
	"time"
)

type CallDescriptor struct {
	TOR                                int
	CstmId, Subject, DestinationPrefix string
	TimeStart, TimeEnd                 time.Time
	Amount                             float64
}

type Interval struct {
	Month, MonthDay                        int
	WeekDays                               []time.Weekday
	StartTime, EndTime                     string
	Ponder, ConnectFee, Price, BillingUnit float64
}

type ActivationPeriod struct {
	ActivationTime time.Time
	Intervals      []*Interval
}

type MinuteInfo struct {
	DestinationId   string
	Quantity, Price float64
}

type TimeSpan struct {
	TimeStart, TimeEnd time.Time
	ActivationPeriod   *ActivationPeriod
	Interval           *Interval
	MinuteInfo         *MinuteInfo
}

type CallCost struct {
	TOR                                int
	CstmId, Subject, DestinationPrefix string
	Cost, ConnectFee                   float64
	Timespans                          []*TimeSpan
}

type Report struct {
	Page           CallCost
	SequentialGood int
	ConcurrentGood int
	Debits         []float64
	Errors         map[string]string
	AfterErrors    float64
	Status         string
}

const (
	sequential = 20
	concurrent = 500
	debits     = 100
)

var start = time.Date(2012, 2, 2, 12, 0, 0, 0, time.UTC)

// A call of so many seconds at 0.2 a second.
func daytime(seconds int) CallDescriptor {
	end := start.Add(time.Duration(seconds) * time.Second)
	return CallDescriptor{CstmId: "vdf", Subject: "rif", DestinationPrefix: "0256", TimeStart: start, TimeEnd: end}
}

func costs(answer CallCost, seconds int) bool {
	return answer.Cost == float64(2*seconds)/10 && len(answer.Timespans) == 1 &&
		answer.Timespans[0].TimeEnd.Equal(start.Add(time.Duration(seconds)*time.Second))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func page(client *rpc.Client) (answer CallCost) {
	evening := start.Add(5*time.Hour + 30*time.Minute)
	asked := daytime(0)
	asked.TimeStart, asked.TimeEnd = evening, evening.Add(time.Hour)
	must(client.Call("Responder.Get", asked, &answer))
	return answer
}

func oneByOne(client *rpc.Client) (good int) {
	for seconds := 1; seconds <= sequential; seconds++ {
		var answer CallCost
		must(client.Call("Responder.GetCost", daytime(seconds), &answer))
		if costs(answer, seconds) {
			good++
		}
	}
	return good
}

// All calls are under way together on one connection; each answer has to reach the call that asked for it.
func together(client *rpc.Client) (good int) {
	calls := make([]*rpc.Call, concurrent)
	for place := range calls {
		calls[place] = client.Go("Responder.GetCost", daytime(place+1), new(CallCost), nil)
	}
	for place, call := range calls {
		must((<-call.Done).Error)
		if costs(*call.Reply.(*CallCost), place+1) {
			good++
		}
	}
	return good
}

// Every debit is answered with a credit of its own, whichever goroutine asked.
func takeMoney(client *rpc.Client) []float64 {
	left := make([]float64, debits)
	var group sync.WaitGroup
	for place := range left {
		group.Add(1)
		go func() {
			defer group.Done()
			asked := CallDescriptor{CstmId: "vdf", Subject: "rif", DestinationPrefix: "0256", Amount: 0.5}
			must(client.Call("Responder.DebitBalance", asked, &left[place]))
		}()
	}
	group.Wait()
	return left
}

func refusals(client *rpc.Client) map[string]string {
	nobody := CallDescriptor{CstmId: "vdf", Subject: "nobody", DestinationPrefix: "0256", Amount: 1}
	texts := map[string]string{}
	refused := func(name, method string, argument any) {
		var reply json.RawMessage
		if err := client.Call(method, argument, &reply); err != nil {
			texts[name] = err.Error()
		}
	}
	refused("unknown method", "Responder.Nonsense", nobody)
	refused("unknown account", "Responder.DebitBalance", nobody)
	refused("no rate", "Responder.GetCost", CallDescriptor{CstmId: "x", Subject: "y", DestinationPrefix: "0256", TimeStart: start, TimeEnd: start})
	refused("wrong type", "Responder.GetCost", map[string]any{"Subject": 5})
	return texts
}

func main() {
	client, err := jsonrpc.Dial("tcp", os.Args[1])
	must(err)
	defer client.Close()
	report := Report{Page: page(client)}
	report.SequentialGood = oneByOne(client)
	report.ConcurrentGood = together(client)
	report.Debits = takeMoney(client)
	report.Errors = refusals(client)
	must(client.Call("Responder.GetMaxSessionTime", CallDescriptor{CstmId: "vdf", Subject: "rif", DestinationPrefix: "0256", TimeStart: start, Amount: 60}, &report.AfterErrors))
	must(client.Call("Responder.Status", CallDescriptor{}, &report.Status))
	must(json.NewEncoder(os.Stdout).Encode(report))
}
