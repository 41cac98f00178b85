// An API for other applications: it introspects each access token (RFC 7662), so that a
// revocation counts with the next request. It needs the standard library alone.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

type api struct {
	issuer, identifier, metadataURL string
	introspection                   string
	clientID, secret                string
	client                          http.Client
}

// A tokenInfo is the introspection response for an access token.
type tokenInfo struct {
	Active   bool            `json:"active"`
	Audience audience        `json:"aud"`
	Scope    string          `json:"scope"`
	Subject  string          `json:"sub"`
	ClientID string          `json:"client_id"`
	Bound    json.RawMessage `json:"cnf"`
}

// An audience is one text or several (RFC 7662 §2.2).
type audience []string

func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if err := json.Unmarshal(data, &one); err == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

func main() {
	a := &api{issuer: os.Getenv("QUANTIMODO_ISSUER"), identifier: os.Getenv("API_IDENTIFIER"),
		clientID: os.Getenv("QUANTIMODO_CLIENT_ID"), secret: os.Getenv("QUANTIMODO_CLIENT_SECRET"),
		client: http.Client{Timeout: 10 * time.Second}}
	address, err := url.Parse(a.identifier)
	if err != nil || address.Host == "" {
		log.Fatal("API_IDENTIFIER is not an address")
	}
	a.metadataURL = address.Scheme + "://" + address.Host + "/.well-known/oauth-protected-resource"
	if err := a.readMetadata(); err != nil {
		log.Fatal("cannot read the metadata of QUANTIMODO_ISSUER: ", err)
	}
	http.HandleFunc("GET /.well-known/oauth-protected-resource", a.metadata)
	http.HandleFunc("GET /notes", a.requires("notes:read", func(w http.ResponseWriter, r *http.Request, who tokenInfo) {
		respond(w, http.StatusOK, map[string]any{"person": who.Subject, "application": who.ClientID})
	}))
	log.Print("Listening at ", address.Host)
	log.Fatal(http.ListenAndServe(address.Host, nil))
}

// requires lets a request through whose access token is for this API and has the scope.
func (a *api) requires(scope string, next func(http.ResponseWriter, *http.Request, tokenInfo)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(kind, "Bearer") || token == "" {
			a.refuse(w, http.StatusUnauthorized, "", "")
			return
		}
		who, err := a.introspect(token)
		switch {
		case err != nil:
			log.Print("introspection failed: ", err)
			respond(w, http.StatusServiceUnavailable, map[string]any{"error": "temporarily_unavailable"})
		case !who.Active || !slices.Contains(who.Audience, a.identifier) || who.Bound != nil:
			// A token that is bound to a key needs its proof, which this API does not check.
			a.refuse(w, http.StatusUnauthorized, "invalid_token", "")
		case !slices.Contains(strings.Fields(who.Scope), scope):
			a.refuse(w, http.StatusForbidden, "insufficient_scope", scope)
		default:
			next(w, r, who)
		}
	}
}

func (a *api) introspect(token string) (found tokenInfo, err error) {
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	request, err := http.NewRequest(http.MethodPost, a.introspection, strings.NewReader(form.Encode()))
	if err != nil {
		return found, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(a.clientID, a.secret)
	return found, a.read(request, &found)
}

func (a *api) readMetadata() error {
	request, err := http.NewRequest(http.MethodGet, a.issuer+"/.well-known/openid-configuration", nil)
	if err != nil {
		return err
	}
	var found struct {
		Issuer        string `json:"issuer"`
		Introspection string `json:"introspection_endpoint"`
	}
	if err := a.read(request, &found); err != nil {
		return err
	}
	if found.Issuer != a.issuer || found.Introspection == "" {
		return fmt.Errorf("it is of the issuer %q", found.Issuer)
	}
	a.introspection = found.Introspection
	return nil
}

func (a *api) read(request *http.Request, into any) error {
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		var refusal struct {
			Code string `json:"error"`
		}
		_ = json.NewDecoder(response.Body).Decode(&refusal)
		return fmt.Errorf("%s: %s", response.Status, refusal.Code)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

// metadata says which server issues tokens for this API (RFC 9728).
func (a *api) metadata(w http.ResponseWriter, r *http.Request) {
	respond(w, http.StatusOK, map[string]any{"resource": a.identifier,
		"authorization_servers": []string{a.issuer}, "scopes_supported": []string{"notes:read"}})
}

// refuse says what is missing, and where a client learns how to get it (RFC 6750, RFC 9728).
func (a *api) refuse(w http.ResponseWriter, status int, code, scope string) {
	challenge := fmt.Sprintf("Bearer resource_metadata=%q", a.metadataURL)
	if code != "" {
		challenge += fmt.Sprintf(", error=%q", code)
	}
	if scope != "" {
		challenge += fmt.Sprintf(", scope=%q", scope)
	}
	w.Header().Set("WWW-Authenticate", challenge)
	respond(w, status, map[string]any{"error": code})
}

func respond(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
