// The Go net/http application of the live tests: slow answers, uploads, downloads, and a phase
// that it can be told.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Set by POST /phase. An int32 and not atomic.Bool, which Debian 12's Go has but older ones lack.
var draining int32

func main() {
	listen := flag.String("listen", "", "address to serve on")
	cert := flag.String("cert", "", "certificate file; with -key: serve TLS")
	key := flag.String("key", "", "key file")
	flag.Parse()

	mux := http.NewServeMux()
	mux.HandleFunc("/fast", func(w http.ResponseWriter, r *http.Request) { answer(w, "fast") })
	mux.HandleFunc("/slow", slow)
	mux.HandleFunc("/upload", upload)
	mux.HandleFunc("/download", download)
	mux.HandleFunc("/phase", phase)

	server := &http.Server{Addr: *listen, Handler: tellToClose(mux)}
	done := make(chan struct{})
	go shutDownOnSignal(server, done)

	var err error
	if *cert != "" {
		// HTTP/1 only: on HTTP/2 the header that moves clients away means something else.
		server.TLSNextProto = noHTTP2()
		err = server.ListenAndServeTLS(*cert, *key)
	} else {
		err = server.ListenAndServe()
	}
	if err != http.ErrServerClosed {
		log.Fatal(err)
	}
	<-done
}

// The header goes out with the answer and not with the request's arrival, so that a request
// that was running when the phase changed takes its connection along.
func tellToClose(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&closing{w}, r)
	})
}

type closing struct{ http.ResponseWriter }

func (c *closing) WriteHeader(status int) {
	if atomic.LoadInt32(&draining) == 1 {
		c.Header().Set("Connection", "close")
	}
	c.ResponseWriter.WriteHeader(status)
}

func answer(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	io.WriteString(w, body)
}

func slow(w http.ResponseWriter, r *http.Request) {
	ms, _ := strconv.Atoi(r.URL.Query().Get("ms"))
	time.Sleep(time.Duration(ms) * time.Millisecond)
	answer(w, "slow")
}

func upload(w http.ResponseWriter, r *http.Request) {
	read, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer(w, fmt.Sprintf("%d", read))
}

func download(w http.ResponseWriter, r *http.Request) {
	kib, _ := strconv.Atoi(r.URL.Query().Get("kib"))
	w.Header().Set("Content-Length", strconv.Itoa(kib*1024))
	w.WriteHeader(http.StatusOK)
	chunk := []byte(strings.Repeat("x", 1024))
	for i := 0; i < kib; i++ {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func phase(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	told := strings.Contains(strings.ReplaceAll(string(body), " ", ""), `"draining":true`)
	if told {
		atomic.StoreInt32(&draining, 1)
	} else {
		atomic.StoreInt32(&draining, 0)
	}
	answer(w, "told")
}

func shutDownOnSignal(server *http.Server, done chan<- struct{}) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	<-signals
	bounded, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server.Shutdown(bounded)
	close(done)
}
