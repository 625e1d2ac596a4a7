package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

func (s *server) configText(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), reloadWithin)
	defer cancel()
	text, err := s.src.ConfigText(ctx)
	if err != nil {
		refuse(w, http.StatusConflict, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, text) // an error here is the client having left
}

func (s *server) compare(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostText))
	if err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("read the request: %w", err))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), reloadWithin)
	defer cancel()
	plan, err := s.src.Compare(ctx, string(text))
	answer(w, plan, err)
}

// ConfigText is the configuration in force, with secrets masked.
func (c *Client) ConfigText(ctx context.Context) (string, error) {
	body, err := c.get(ctx, "/v1/config", nil)
	if err != nil {
		return "", err
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		return "", fmt.Errorf("read the daemon's configuration: %w", err)
	}
	return string(text), nil
}

// Compare says what another configuration would change. Nothing in its text is to be expanded.
func (c *Client) Compare(ctx context.Context, text string) (Plan, error) {
	return c.plan(ctx, http.MethodPost, "/v1/config/compare", nil, strings.NewReader(text))
}
