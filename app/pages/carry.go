package pages

import (
	"context"
	"slices"
	"time"

	"fyne.io/fyne/v2/lang"

	"mainbus/app/view"
	"mainbus/app/widgets"
	"mainbus/controller/api"
)

const taskEach = 500 * time.Millisecond // between looks at a task of the controller

// carry begins what takes long and follows it in the list of tasks, where it can be canceled. A failure is shown on the card; ended
// is told whether it was done, unless it is nil. What needs an account is done again when there is one.
func (p Params) carry(problem *widgets.ErrorCard, words string, begin func(ctx context.Context) (api.Task, error), ended func(done bool)) {
	task := p.Tasks.Begin(words)
	p.Frame.Go(func(ctx context.Context) {
		now, err := begin(ctx)
		if err == nil {
			id := now.ID
			p.Frame.Do(func() {
				task.Cancel = func() {
					p.Frame.Go(func(ctx context.Context) { p.Service.CancelTask(ctx, p.Caller, api.TaskRef{Task: id}) })
				}
			})
			now, err = p.follow(ctx, task, now)
		}
		p.Model.Hurry()
		if ctx.Err() != nil {
			return
		}
		if err == nil && now.Error != nil {
			err = now.Error
		}
		p.Frame.Do(func() {
			if needsLogin(err) {
				p.Tasks.End(task, api.AsError(err).Message)
				p.AskAccount(api.AsError(err).Message, func() { p.carry(problem, words, begin, ended) })
				return
			}
			p.carried(problem, task, words, now, err)
			if ended != nil {
				ended(err == nil && now.State != api.TaskCanceled)
			}
		})
	})
}

// carried shows how a task of the controller has ended.
func (p Params) carried(problem *widgets.ErrorCard, task *view.Task, words string, now api.Task, err error) {
	switch {
	case err != nil:
		shown := api.AsError(err)
		p.Tasks.End(task, shown.Message)
		problem.Say(shown.Message, shown.Next)
	case now.State == api.TaskCanceled:
		p.Tasks.End(task, lang.L("canceled"))
	default:
		p.Tasks.End(task, "")
		problem.Say("", "")
		p.Frame.Toast(lang.L("{{.what}}: done", with{"what": words}))
	}
}

// follow waits until a task of the controller has ended, and shows how far it is.
func (p Params) follow(ctx context.Context, task *view.Task, now api.Task) (api.Task, error) {
	for now.State == api.TaskRunning {
		p.Frame.Do(func() { p.Tasks.Show(task, now) })
		select {
		case <-time.After(taskEach):
		case <-ctx.Done():
			return now, ctx.Err()
		}
		all, err := p.Service.Tasks(ctx, p.Caller)
		if err != nil {
			continue // the controller goes on with it
		}
		at := slices.IndexFunc(all, func(t api.Task) bool { return t.ID == now.ID })
		if at < 0 {
			return now, api.Errorf(api.NotFound, "", "the controller knows nothing of it any more")
		}
		now = all[at]
	}
	return now, nil
}
