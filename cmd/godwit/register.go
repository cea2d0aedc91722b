package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/fault"
	"godwit/internal/social"
)

func (a *app) registerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "register", Short: "Prove that an X account and a fediverse account are both yours, and be found by those who follow you",
		Long: `Prove that an X account and a fediverse account are both yours, and be found by those who follow you there.
The fediverse side is proven by "godwit login"; the X side by a post of that account that carries a code. An export
from X proves nothing: anybody could write one. Nothing is shown to anybody before you publish it.

This works on the data of this Godwit: on your own machine only you are led by it.`,
		Example: "  godwit register start @your_name\n  godwit register prove https://x.com/your_name/status/1234567890\n  godwit register publish",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.registerStatus(), a.registerStart(), a.registerProve(), a.registerPublish(), a.registerWithdraw())
	return cmd
}

// withHouse runs the work of a command in the opened house.
func (a *app) withHouse(ctx context.Context, work func(context.Context, *house) error) error {
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	return work(ctx, h)
}

func (a *app) registerStatus() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "status", Short: "What is registered, how it was proven, and who may be led by it", Args: cobra.NoArgs,
		Example: "  godwit register status",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withHouse(cmd.Context(), func(ctx context.Context, h *house) error { return h.registerStatus(ctx, asJSON) })
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

// registered is the JSON of a Registration.
type registered struct {
	Username  string                      `json:"username"`
	XID       string                      `json:"x_id"`
	Handle    string                      `json:"handle"`
	Proof     social.Proof                `json:"proof"`
	Audience  social.RegistrationAudience `json:"audience"`
	Stale     bool                        `json:"stale"`
	ProvenAt  time.Time                   `json:"proven_at"`
	CheckedAt time.Time                   `json:"checked_at"`
	Code      string                      `json:"code,omitempty"` // of a proof under way
}

func (h *house) registerStatus(ctx context.Context, asJSON bool) error {
	r, err := h.store.GetRegistration(ctx, h.user.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	pending, pendingErr := h.store.GetProof(ctx, h.user.ID, time.Now().UTC())
	if asJSON {
		id := ""
		if r.XIDProven {
			id = r.XID
		}
		return encoder(h.stdout).Encode(registered{r.Username, id, r.Handle.String(), r.Proof, r.Audience, r.Stale, r.CreatedAt, r.CheckedAt, pending.Code})
	}
	if err == nil {
		h.printRegistration(r)
	}
	if pendingErr == nil {
		h.printPending(pending)
	}
	if err != nil && pendingErr != nil {
		fmt.Fprintln(h.stdout, "Nothing is registered. Begin with: godwit register start @your_x_name")
	}
	return nil
}

func (h *house) printRegistration(r social.Registration) {
	how := "a code in a post"
	switch r.Proof {
	case social.ProofLinks:
		how = "a post and a link back, which others see as likely"
	case social.ProofLogin:
		how = "signing in at X"
	}
	fmt.Fprintf(h.stdout, "@%s is now @%s. Proven by %s on %s, last looked at %s.\n", r.Username, r.Handle, how,
		r.CreatedAt.Format(time.DateOnly), r.CheckedAt.Format(time.DateOnly))
	if r.Stale {
		fmt.Fprintln(h.stdout, "At the last look the proof was gone, so others see it as possible only. Prove it again.")
	}
	switch r.Audience {
	case social.OnlyFollowers:
		fmt.Fprintln(h.stdout, "Shown only to people whose export follows you on X. We can't prove that they do.")
	case social.PublicPage:
		fmt.Fprintln(h.stdout, "Shown to everybody, on a public page.")
	default:
		fmt.Fprintln(h.stdout, "Not published yet: nobody is led by it. Next: godwit register publish")
	}
}

func (h *house) printPending(p social.Pending) {
	fmt.Fprintf(h.stdout, "Make this post as @%s on X, within a day:\n\n  I'm now at @%s (%s)\n\nThen: godwit register prove ADDRESS-OF-THE-POST\n", p.Username, p.Handle, p.Code)
}

func (a *app) registerStart() *cobra.Command {
	as := ""
	cmd := &cobra.Command{
		Use: "start X-NAME", Short: "Get the code that a post on X is to carry", Args: cobra.ExactArgs(1),
		Example: "  godwit register start @your_name",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withHouse(cmd.Context(), func(ctx context.Context, h *house) error {
				d, err := h.provenAccount(ctx, as)
				if err != nil {
					return err
				}
				p, err := h.worker.StartProof(ctx, d, args[0])
				if err == nil {
					h.printPending(p)
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&as, "as", "", "which connected account is the new one: `user@host`")
	return cmd
}

// provenAccount is the connected account that is registered: the one named, or
// the only one.
func (h *house) provenAccount(ctx context.Context, as string) (social.Destination, error) {
	all, err := h.store.ListDestinations(ctx, h.user.ID)
	if err != nil {
		return social.Destination{}, err
	}
	if len(all) == 0 {
		return social.Destination{}, fault.New(fault.Invalid, "not-connected", "Your new account isn't proven yet. Run godwit login @you@your.server first.")
	}
	if as == "" && len(all) == 1 {
		return all[0], nil
	}
	for _, d := range all {
		if strings.EqualFold(strings.TrimPrefix(as, "@"), d.Handle.String()) {
			return d, nil
		}
	}
	return social.Destination{}, fault.New(fault.Invalid, "which-account", "Several accounts are connected. Say which one with --as user@host.")
}

func (a *app) registerProve() *cobra.Command {
	return &cobra.Command{
		Use: "prove POST", Short: "Read the post with the code, by its address", Args: cobra.ExactArgs(1),
		Example: "  godwit register prove https://x.com/your_name/status/1234567890",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withHouse(cmd.Context(), func(ctx context.Context, h *house) error {
				r, err := h.worker.Prove(ctx, h.user.ID, args[0])
				if err == nil {
					h.printRegistration(r)
				}
				return err
			})
		},
	}
}

func (a *app) registerPublish() *cobra.Command {
	audience := string(social.OnlyFollowers)
	cmd := &cobra.Command{
		Use: "publish", Short: "Let others be led to your new account", Args: cobra.NoArgs,
		Long: `Let others be led to your new account. Shown are your X name, your new handle, how it was proven and since when.
With "followers" only people see it whose export follows you on X; we can't prove that they do.`,
		Example: "  godwit register publish\n  godwit register publish --audience public",
		RunE: func(cmd *cobra.Command, _ []string) error {
			who := social.RegistrationAudience(audience)
			if who != social.OnlyFollowers && who != social.PublicPage {
				return usage("bad-audience", "--audience is followers or public.")
			}
			return a.withHouse(cmd.Context(), func(ctx context.Context, h *house) error {
				if err := h.store.Publish(ctx, h.user.ID, who); err != nil {
					return notRegistered(err)
				}
				r, err := h.store.GetRegistration(ctx, h.user.ID)
				if err == nil {
					h.printRegistration(r)
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&audience, "audience", audience, "who may see it: followers or public")
	return cmd
}

func notRegistered(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "not-registered", "Nothing is registered. Begin with: godwit register start @your_x_name").Because(err)
	}
	return err
}

func (a *app) registerWithdraw() *cobra.Command {
	yes := false
	cmd := &cobra.Command{
		Use: "withdraw", Short: "Take everything back; nobody is led to you any more", Args: cobra.NoArgs,
		Example: "  godwit register withdraw",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withHouse(cmd.Context(), func(ctx context.Context, h *house) error {
				if !yes && !a.confirmWithdraw() {
					return fault.New(fault.Invalid, "not-confirmed", "Nothing was withdrawn. Type the word withdraw to go on, or use --yes.")
				}
				if err := h.store.Withdraw(ctx, h.user.ID, time.Now().UTC()); err != nil {
					return notRegistered(err)
				}
				fmt.Fprintln(a.stdout, "Withdrawn. Nobody is led to you any more, by what your X profile says neither. Only a keyed fingerprint is left that says no.")
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "don't ask")
	return cmd
}

func (a *app) confirmWithdraw() bool {
	fmt.Fprint(a.stderr, "This deletes your registration, what others found by it, and follows that wait.\nType the word withdraw to go on: ")
	line, _ := bufio.NewReader(a.stdin).ReadString('\n')
	return strings.EqualFold(strings.TrimSpace(line), "withdraw")
}
