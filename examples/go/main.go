// A website that people sign in to with quantimodo: OpenID Connect with PKCE, the measurements API,
// refresh and logout.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// A session is a person who is signed in. Its TokenSource refreshes an expired access token, one
// request at a time, and keeps the new refresh token. Use a database if sessions have to outlive
// the process; then store the new refresh token before you use the new access token.
type session struct {
	name, idToken string
	tokens        oauth2.TokenSource
}

type app struct {
	issuer, home, logout string
	provider             *oidc.Provider
	oauth                oauth2.Config
	sessions             sync.Map // session id -> *session
}

var page = template.Must(template.New("page").Parse(`<!doctype html><html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Example in Go</title>
{{with .Error}}<p role="alert">{{.}}</p>{{end}}
{{if .Name}}<h1>Hello {{.Name}}</h1>{{with .Count}}<p>You have {{.}} measurements.</p>{{end}}
<form method="post" action="/logout"><button>Sign out</button></form>
{{else}}<h1>You are signed out</h1><a href="/login">Sign in</a>{{end}}</html>`))

var errTokenEnded = errors.New("the access token has ended")

type view struct{ Name, Count, Error string }

func main() {
	issuer, redirect := os.Getenv("QUANTIMODO_ISSUER"), os.Getenv("QUANTIMODO_REDIRECT_URI")
	provider, err := oidc.NewProvider(context.Background(), issuer)
	if err != nil {
		log.Fatal("cannot read the metadata of QUANTIMODO_ISSUER: ", err)
	}
	var metadata struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&metadata); err != nil {
		log.Fatal(err)
	}
	callback, err := url.Parse(redirect)
	if err != nil || callback.Host == "" {
		log.Fatal("QUANTIMODO_REDIRECT_URI is not an address")
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	a := &app{issuer: issuer, provider: provider, logout: metadata.EndSession,
		home: callback.Scheme + "://" + callback.Host + "/",
		oauth: oauth2.Config{
			ClientID:     os.Getenv("QUANTIMODO_CLIENT_ID"),
			ClientSecret: os.Getenv("QUANTIMODO_CLIENT_SECRET"),
			RedirectURL:  redirect,
			Endpoint:     endpoint,
			Scopes:       []string{oidc.ScopeOpenID, "profile", "readmeasurements"},
		}}
	http.HandleFunc("GET /{$}", a.index)
	http.HandleFunc("GET /login", a.login)
	http.HandleFunc("GET "+callback.Path, a.callback)
	http.HandleFunc("POST /logout", a.signOut)
	log.Print("Open ", a.home)
	log.Fatal(http.ListenAndServe(callback.Host, nil))
}

// login sends the browser to quantimodo. State, nonce and verifier stay in this browser.
func (a *app) login(w http.ResponseWriter, r *http.Request) {
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	a.setCookie(w, "login", url.Values{"s": {state}, "n": {nonce}, "v": {verifier}}.Encode(), 600)
	request := a.oauth.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
	http.Redirect(w, r, request, http.StatusFound)
}

// callback receives the browser with a code, or with an error.
func (a *app) callback(w http.ResponseWriter, r *http.Request) {
	cookie, err := r.Cookie("login")
	if err != nil {
		show(w, http.StatusBadRequest, view{Error: "This sign-in did not begin in this browser."})
		return
	}
	a.setCookie(w, "login", "", -1)
	login, _ := url.ParseQuery(cookie.Value)
	query := r.URL.Query()
	if query.Get("state") != login.Get("s") || query.Get("iss") != a.issuer {
		show(w, http.StatusBadRequest, view{Error: "This is not the response to your sign-in."})
		return
	}
	if code := query.Get("error"); code != "" {
		show(w, http.StatusForbidden, view{Error: "Not signed in: " + code})
		return
	}
	signedIn, err := a.signIn(r.Context(), query.Get("code"), login)
	if err != nil {
		log.Print("sign-in failed: ", err)
		show(w, http.StatusBadGateway, view{Error: "The sign-in failed. The log of this app has the reason."})
		return
	}
	id := rand.Text()
	a.sessions.Store(id, signedIn)
	a.setCookie(w, "session", id, 0)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// signIn exchanges the code for tokens, verifies the ID token, and reads the person's name.
func (a *app) signIn(ctx context.Context, code string, login url.Values) (*session, error) {
	token, err := a.oauth.Exchange(ctx, code, oauth2.VerifierOption(login.Get("v")))
	if err != nil {
		return nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	verified, err := a.provider.Verifier(&oidc.Config{ClientID: a.oauth.ClientID}).Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if verified.Nonce != login.Get("n") {
		return nil, errors.New("the ID token is of another sign-in")
	}
	tokens := a.oauth.TokenSource(context.Background(), token)
	person, err := a.provider.UserInfo(ctx, tokens)
	if err != nil {
		return nil, err
	}
	var claims struct{ Name string }
	if err := person.Claims(&claims); err != nil {
		return nil, err
	}
	if person.Subject != verified.Subject {
		return nil, errors.New("userinfo is of another person")
	}
	if claims.Name == "" {
		claims.Name = verified.Subject
	}
	return &session{name: claims.Name, idToken: raw, tokens: tokens}, nil
}

// index shows the person's name and the number of their measurements.
func (a *app) index(w http.ResponseWriter, r *http.Request) {
	id, signedIn := a.session(r)
	if signedIn == nil {
		show(w, http.StatusOK, view{})
		return
	}
	count, err := a.measurements(r.Context(), signedIn.tokens)
	var refused *oauth2.RetrieveError
	if errors.Is(err, errTokenEnded) || errors.As(err, &refused) && refused.ErrorCode == "invalid_grant" {
		// The person took the access back or signed out at quantimodo, or it has expired.
		a.sessions.Delete(id)
		show(w, http.StatusOK, view{Error: "Please sign in again."})
	} else if err != nil {
		log.Print("no measurements: ", err)
		show(w, http.StatusOK, view{Name: signedIn.name, Error: "Your measurements cannot be read now."})
	} else {
		show(w, http.StatusOK, view{Name: signedIn.name, Count: count})
	}
}

// measurements counts them: the API says how many there are beside the page that it returns.
func (a *app) measurements(ctx context.Context, tokens oauth2.TokenSource) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.issuer+"/api/v1/measurements?limit=1", nil)
	if err != nil {
		return "", err
	}
	client := http.Client{Transport: &oauth2.Transport{Source: tokens}, Timeout: 30 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusUnauthorized {
		return "", errTokenEnded
	}
	if response.StatusCode != http.StatusOK {
		var refusal struct {
			Code string `json:"error"`
		}
		_ = json.NewDecoder(response.Body).Decode(&refusal)
		return "", fmt.Errorf("%s: %s", response.Status, refusal.Code)
	}
	return response.Header.Get("Total-Count"), nil
}

// signOut ends the session here, and then at quantimodo.
func (a *app) signOut(w http.ResponseWriter, r *http.Request) {
	id, signedIn := a.session(r)
	if signedIn == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	a.sessions.Delete(id)
	a.setCookie(w, "session", "", -1)
	query := url.Values{"id_token_hint": {signedIn.idToken}, "post_logout_redirect_uri": {a.home}}
	http.Redirect(w, r, a.logout+"?"+query.Encode(), http.StatusSeeOther)
}

func (a *app) session(r *http.Request) (string, *session) {
	cookie, err := r.Cookie("session")
	if err != nil {
		return "", nil
	}
	found, _ := a.sessions.Load(cookie.Value)
	signedIn, _ := found.(*session)
	return cookie.Value, signedIn
}

func (a *app) setCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true,
		Secure: a.home[:6] == "https:", SameSite: http.SameSiteLaxMode})
}

func show(w http.ResponseWriter, status int, what view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := page.Execute(w, what); err != nil {
		log.Print(err)
	}
}
