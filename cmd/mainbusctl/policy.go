package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"mainbus/controller/api"
)

func (c *ctl) busPolicyCommand() *cobra.Command {
	show := &cobra.Command{
		Use: "show", Short: "Show how goods are divided", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := c.client.BusPolicy(cmd.Context(), me)
			if err != nil {
				return err
			}
			return print(c, p, c.printPolicy)
		},
	}
	return group("policy", "How goods are divided among worlds", show, c.busPolicySetCommand())
}

func (c *ctl) busPolicySetCommand() *cobra.Command {
	var r api.ChangeBusPolicy
	var strict, fair, aging bool
	var limit, weight, reserve, burst, rate int64
	var priority int
	cmd := &cobra.Command{
		Use: "set", Short: "Change how goods are divided", Args: cobra.NoArgs,
		Long: "Change how goods are divided; what is not named stays as it is. Without --item --fair, --strict and --limit are for all\n" +
			"goods that have no rule of their own. docs/ledger.md has the formulas.",
		Example: "  mainbusctl bus policy set --fair\n" +
			"  mainbusctl bus policy set --item iron-plate --limit 200000 --strict\n" +
			"  mainbusctl bus policy set --instance nauvis --priority 5 --weight 3\n" +
			"  mainbusctl bus policy set --instance nauvis --item iron-plate --reserve 5000\n" +
			"  mainbusctl bus policy set --item iron-plate --no-own-rule",
		RunE: func(cmd *cobra.Command, _ []string) error {
			given := cmd.Flags().Changed
			if r.NoOwnRule && (given("strict") || given("fair") || given("limit")) {
				c.began = false // wrong usage
				return errors.New("goods with no rule of their own have no --strict, --fair or --limit")
			}
			r.Strict, r.Fair, r.Limit = ifGiven(given("strict"), &strict), ifGiven(given("fair"), &fair), ifGiven(given("limit"), &limit)
			r.Priority, r.Weight, r.Reserve = ifGiven(given("priority"), &priority), ifGiven(given("weight"), &weight), ifGiven(given("reserve"), &reserve)
			r.Aging, r.Burst, r.Rate = ifGiven(given("aging"), &aging), ifGiven(given("burst"), &burst), ifGiven(given("rate"), &rate)
			p, err := c.client.ChangeBusPolicy(cmd.Context(), me, r)
			if err != nil {
				return err
			}
			return print(c, p, c.printPolicy)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.Name, "item", "", "the goods whose rule or reserve it is")
	f.StringVar(&r.Quality, "quality", "", "of this quality")
	f.StringVar(&r.Instance, "instance", "", "the instance whose priority, weight or reserve it is, name or id")
	f.BoolVar(&fair, "fair", false, "divide by what is wanted; --fair=false: who came first is served first")
	f.BoolVar(&strict, "strict", false, "grant only what finished saves cover; --strict=false: all that there is")
	f.Int64Var(&limit, "limit", 0, "tell worlds to send no more when the bus has so much; 0: no limit")
	f.BoolVar(&r.NoOwnRule, "no-own-rule", false, "the goods follow the rule for all")
	f.IntVar(&priority, "priority", 0, "the higher is served first; 0 is usual")
	f.Int64Var(&weight, "weight", 1, "of the instance's wants in a fair division, 1 to 100")
	f.Int64Var(&reserve, "reserve", 0, "keep so many of the goods for the instance; 0: none")
	f.BoolVar(&aging, "aging", false, "let what spoils grow older on the bus; --aging=false: it stands still there")
	f.Int64Var(&burst, "burst", 0, "by how much a world's total of one item may grow at once; 0 with --rate 0: as usual")
	f.Int64Var(&rate, "rate", 0, "and how much more for each tick")
	return cmd
}

func ifGiven[T any](given bool, value *T) *T {
	if given {
		return value
	}
	return nil
}

func (c *ctl) printPolicy(p api.BusPolicy) {
	fmt.Fprintf(c.out, "All goods without a rule: %s\n", ruleText(p.Default))
	for _, r := range p.Items {
		fmt.Fprintf(c.out, "%s: %s\n", printable(r.Words()), ruleText(r.BusRule))
	}
	for _, r := range p.Instances {
		fmt.Fprintf(c.out, "Instance %s: priority %d, weight %d\n", instanceText(r.Instance, r.InstanceName), r.Priority, r.Weight)
	}
	for _, r := range p.Reserves {
		fmt.Fprintf(c.out, "Reserved for %s: %d %s\n", instanceText(r.Instance, r.InstanceName), r.Amount, printable(r.Words()))
	}
	if p.Aging {
		fmt.Fprintln(c.out, "What spoils grows older on the bus.")
	}
	fmt.Fprintf(c.out, "A world's total of one item may grow by %d, and %d more for each tick; what is above is held.\n", p.Burst, p.Rate)
}

func instanceText(id, name string) string {
	if name == "" {
		return printable(id) + " (gone)"
	}
	return printable(name)
}

func ruleText(r api.BusRule) string {
	words := []string{"first come, first served"}
	if r.Fair {
		words[0] = "fair shares"
	}
	if r.Strict {
		words = append(words, "only what finished saves cover")
	}
	if r.Limit > 0 {
		words = append(words, "at most "+strconv.FormatInt(r.Limit, 10))
	}
	return strings.Join(words, ", ")
}
