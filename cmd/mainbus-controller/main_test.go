package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"strings"
	"testing"

	"mainbus/controller"
	"mainbus/controller/api"
)

func TestRunsUntilItIsToldToStop(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"--data", dir, "--log-level", "error"}, stdout, io.Discard) }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, "ready") || !strings.Contains(line, dir) {
		t.Fatalf("%q, %v", line, err)
	}
	client := api.Dial(dir)
	defer client.Close()
	if s, err := client.Status(t.Context(), api.Caller{}); err != nil || s.DataDir != dir || s.Port == 0 {
		t.Errorf("%+v, %v", s, err)
	}
	var errs bytes.Buffer
	if err := run(t.Context(), []string{"--data", dir}, io.Discard, &errs); !errors.Is(err, controller.ErrInUse) {
		t.Errorf("a second one on the same folder: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range []string{"--nonsense", "--port 70000", "--log-level loud", "--portal http://mods.example.com", "start"} {
		if err := run(t.Context(), strings.Fields(args), io.Discard, io.Discard); !errors.Is(err, errUsage) {
			t.Errorf("%s: %v", args, err)
		}
	}
	if err := run(t.Context(), []string{"--help"}, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
}

func TestAMirrorOfTheModPortal(t *testing.T) {
	cfg, err := parse([]string{"--portal", "https://mods.example.com"}, io.Discard)
	if err != nil || cfg.Portal != "https://mods.example.com" {
		t.Errorf("%q, %v", cfg.Portal, err)
	}
	if cfg, err = parse(nil, io.Discard); err != nil || cfg.Portal != "" {
		t.Errorf("%q, %v", cfg.Portal, err)
	}
}
