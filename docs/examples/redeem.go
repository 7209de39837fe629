// A site with WeChat login, in Go: GATEWAY_URL=… SITE_KEY=… go run redeem.go, then open SITE_URL.
package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"
)

var (
	gatewayURL = os.Getenv("GATEWAY_URL")
	siteKey    = os.Getenv("SITE_KEY")
	siteURL    = "http://localhost:3000"
	gateway    = http.Client{Timeout: 10 * time.Second}
	people     sync.Map // who is signed in, by session; a real site keeps this in its database
)

type person struct {
	OpenID  string  `json:"openid"`
	UnionID string  `json:"unionid"` // "" where the gateway says null
	Nonce   string  `json:"nonce"`
	Profile profile `json:"profile"` // empty after a silent login
}

type profile struct {
	Nickname string `json:"nickname"`
}

// refused is a visitor who is not signed in: a status and a sentence for them.
type refused struct {
	status   int
	sentence string
}

func (r refused) Error() string { return r.sentence }

// redeem turns a ticket into the person it stands for. A ticket works once and for five minutes.
func redeem(ticket string) (who person, err error) {
	for attempt := 0; attempt < 3; attempt++ {
		status, wait, answer, err := ask(ticket)
		if err != nil {
			return who, refused{502, "The login service did not answer. Please try again in a moment."}
		}
		switch status {
		case 200:
			return who, json.Unmarshal(answer, &who)
		case 503: // busy: the same key makes a repeat safe
			time.Sleep(wait)
		case 404, 409, 410: // unknown, used, expired
			return who, refused{400, "This login link is used up. Please sign in again."}
		default:
			// 401 and 403 mean that the key is not this site's: its developer has to know, visitors cannot help it.
			log.Printf("redeem: %d %s", status, answer)
			return who, refused{502, "Signing in does not work at the moment."}
		}
	}
	return who, refused{502, "The login service is busy. Please try again in a moment."}
}

// ask is one request; wait is how long to wait before another.
func ask(ticket string) (status int, wait time.Duration, answer []byte, err error) {
	body, _ := json.Marshal(map[string]string{"ticket": ticket})
	request, err := http.NewRequest("POST", gatewayURL+"/api/v1/tickets/redeem", bytes.NewReader(body))
	if err != nil {
		return 0, 0, nil, err
	}
	hash := sha256.Sum256([]byte(ticket))
	request.Header.Set("Authorization", "Bearer "+siteKey)
	request.Header.Set("Content-Type", "application/json")
	// WeChat's browser may open the page twice at once: both get the same answer.
	request.Header.Set("Idempotency-Key", hex.EncodeToString(hash[:]))
	response, err := gateway.Do(request)
	if err != nil {
		return 0, 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	seconds, bad := strconv.Atoi(response.Header.Get("Retry-After"))
	if bad != nil || seconds > 5 {
		seconds = 1
	}
	return response.StatusCode, time.Duration(seconds) * time.Second, answer, err
}

func home(w http.ResponseWriter, r *http.Request) error {
	found, known := people.Load(cookie(r, "session"))
	if !known {
		page(w, 200, "<a href='/login'>Sign in with WeChat</a>")
		return nil
	}
	who := found.(person)
	nickname := html.EscapeString(who.Profile.Nickname)
	page(w, 200, fmt.Sprintf("<p>%s</p><p>%s</p><p>%s</p>", nickname, who.OpenID, who.UnionID))
	return nil
}

func login(w http.ResponseWriter, r *http.Request) error {
	nonce := cookie(r, "nonce")
	if nonce == "" {
		nonce = random(24)
	}
	asked := url.Values{"url": {siteURL + "/back"}, "scope": {"snsapi_userinfo"}, "nonce": {nonce}}
	keep(w, "nonce", nonce)
	http.Redirect(w, r, gatewayURL+"/auth?"+asked.Encode(), http.StatusFound)
	return nil
}

func back(w http.ResponseWriter, r *http.Request) error {
	who, err := redeem(r.URL.Query().Get("ticket"))
	if err != nil {
		return err
	}
	// Another nonce means that the login began in another browser: whoever sent the link would share their account.
	if who.Nonce == "" || subtle.ConstantTimeCompare([]byte(who.Nonce), []byte(cookie(r, "nonce"))) != 1 {
		return refused{403, "This login began in another browser."}
	}
	session := random(32)
	people.Store(session, who)
	keep(w, "session", session)
	http.Redirect(w, r, "/", http.StatusFound) // an address without the ticket
	return nil
}

func missing(w http.ResponseWriter, r *http.Request) error {
	page(w, 404, "<p>There is no such page.</p>")
	return nil
}

func page(w http.ResponseWriter, status int, content string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprint(w, "<!doctype html><title>Site</title>", content)
}

// keep sets a cookie. Add Secure on https; Strict would not survive the way back from WeChat.
func keep(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func cookie(r *http.Request, name string) string {
	if found, err := r.Cookie(name); err == nil {
		return found.Value
	}
	return ""
}

func random(size int) string {
	drawn := make([]byte, size)
	if _, err := rand.Read(drawn); err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(drawn)
}

func answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	pages := map[string]func(http.ResponseWriter, *http.Request) error{"/": home, "/login": login, "/back": back}
	show, known := pages[r.URL.Path]
	if !known {
		show = missing
	}
	if err := show(w, r); err != nil {
		no := refused{500, "Something went wrong."}
		errors.As(err, &no)
		page(w, no.status, "<p>"+no.sentence+"</p><p><a href='/login'>Sign in</a></p>")
	}
}

func main() {
	if set := os.Getenv("SITE_URL"); set != "" {
		siteURL = set
	}
	own, err := url.Parse(siteURL)
	if err != nil {
		log.Fatal(err)
	}
	port := own.Port()
	if port == "" {
		port = "80"
	}
	log.Fatal(http.ListenAndServe("localhost:"+port, http.HandlerFunc(answer)))
}
