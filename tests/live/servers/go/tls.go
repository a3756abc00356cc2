package main

import (
	"crypto/tls"
	"net/http"
)

// An empty map, not nil, is how net/http is told to leave HTTP/2 alone.
func noHTTP2() map[string]func(*http.Server, *tls.Conn, http.Handler) {
	return map[string]func(*http.Server, *tls.Conn, http.Handler){}
}
