package controller

import (
	"context"

	"mainbus/controller/api"
)

var errNoPlans = api.Errorf(api.Unavailable, "", "plans are not made yet")

func (s *service) PlanPack(context.Context, api.Caller, api.PlanPack) (api.PackPlan, error) {
	return api.PackPlan{}, errNoPlans
}

func (s *service) ApplyPackPlan(context.Context, api.Caller, api.ApplyPackPlan) (api.Task, error) {
	return api.Task{}, errNoPlans
}
