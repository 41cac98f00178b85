"""The key that the sandbox signs with, published on purpose.

The sandbox is for development: its people are fake, and any visitor may be any of them without a
key. So one fixed pair serves every worker of every development server, and nothing has to be stored
or shared. It is safe because no other server trusts it: its issuers are the sandbox's addresses, it
is in no other key set, and the sandbox is off in production.
"""

from base64 import b64decode
from typing import Final

from quantimodo.crypto.jwks import KeyPair

_PUBLIC: Final = (
    '{"n":"zpnTDzaHVQA-NwlaNDT7d-jwK2VDNmGT1VJJMe-83m_toEObfkCP6wg1qPyTGqmmfGEk5YCkzK1dKRtVDp'
    "M41nC7BDyR0U690QGMvushyEzG8TB7hmir9yy59XXn--SHJx-jKw10W19xxHI8r48VhWQdl8kwNScnip1-IXFhFg"
    "7tMcS8qZaKWxayCo2YknY9dTO6wsWo4KQ5HIEzhNjo4MQhxzp8G2lLgKMB5dLU87u7SBKmavvpsnhY-8QP-t_1QP"
    'Wzn_HrNAoz3BkBThIKKnIrMKB8mx8cywxW5j6PkmPDGL8lLN7sfWsJ2Jd2-oNSSxKuH3_GME29T73DQOFyuw","e'
    '":"AQAB","kty":"RSA","kid":"leruIX-EBMUCx7QuPMFR-6j_zW3rdT-5nslhd17XDR4","use":"sig","al'
    'g":"RS256"}'
)
_PRIVATE: Final = (
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDOmdMPNodVAD43CVo0NPt36PArZUM2YZPVUkkx"
    "77zeb+2gQ5t+QI/rCDWo/JMaqaZ8YSTlgKTMrV0pG1UOkzjWcLsEPJHRTr3RAYy+6yHITMbxMHuGaKv3LLn1def7"
    "5IcnH6MrDXRbX3HEcjyvjxWFZB2XyTA1JyeKnX4hcWEWDu0xxLyplopbFrIKjZiSdj11M7rCxajgpDkcgTOE2Ojg"
    "xCHHOnwbaUuAowHl0tTzu7tIEqZq++myeFj7xA/63/VA9bOf8es0CjPcGQFOEgoqciswoHybHxzLDFbmPo+SY8MY"
    "vyUs3ux9awnYl3b6g1JLEq4ff8YwTb1PvcNA4XK7AgMBAAECggEAZWZHGhjbvCLV5kI/VQ9J+tTHh6z4G4kxuwnb"
    "Zdhx3MSXnsh/2SvL1wGdAJcShgwM68/sAX4tpE1UQ3goO3KTe2Ax0cb+lHmunRXDI/MYjgvsunTes53NBRAdJvWb"
    "CdzkXpXfCiLc4HnMRywAT/QMjn8QLS6v6+6PMC/TN4vDqESB6rAOxFDm74FWZRGpEbn+rSiPrJlwjkh2nmwTlqrd"
    "gW7srCY1zg3u2NG78k2qCAeKHuk7h/WB2syq/fDAD0lulK4AiA54CD2I+4r2W1psxq7ivOWqVxg7EaEprPpcIW3J"
    "Y0Z252sBfNywazbsAO1VEJFbOfrBObu24szHlTDBrQKBgQD2WDUrRWokWWKv9MsycBCH1pQm/i/VHDm+Hw92yP7q"
    "SLJEGDj1tHQ2MLMoy9nTooE3uRRfHWjSbTLBtlyvf6gP3BVEs0fWVKF1hxFQG9R9oqxI/iiByvV3G+NkLurfEfhp"
    "y4AMq211ouyb7eVl+ys9UcXW2T+h0gT5uHYmqf3ILQKBgQDWstVT17bqgpYemSjK05WbREXRm1d26efolIRzzhXq"
    "S+6flY31hXg60fvR7BriHPZabHgQrAqshjMp853rNibQQCFM1RMKv1SdIp1/id50qji12SbBAYrwT7Y1BB8XtaUM"
    "Qnu6jGtPEXzvUf6d4tAc+zDmKaiYoIrDAX8/tcNPhwKBgQDsqHDr0RPXN8gHIjTTj7VRymMp0qhBI4yViWFhzFaY"
    "3J3lrR+LbID4TnDPkIcDOerJjZR0i9xXy3AniPoh35GlKtmD1nf8//Dc55VKUHIjAFRjC0f+6OxIMRKS/D/HbYwo"
    "lse9ZDMUACEu66yl/FXd4uEdNjhbTVhaT0uyeTzFQQKBgCL9qGjuukAEImVAPva3fyV7/gkIUTvvKT2tntyk1MuH"
    "ro9Rt34xT4P+nxT6bvM1Fy1rijHlaCPwBzyqGK2x+KduHD9CZsUUo7ysXJDhrmDDMVTp3DgOgU9jHmYLkumxUAHs"
    "f+/KXN7ZEcyLR30B7zsZ8UFBvtmJKLRZdRy0Ce3XAoGBAO6kze7s0lMPhLUDxdJMmnOl9QB3B0JSdP5b4cA8uX+A"
    "OJfccT+5vtrC2SqdTJMi/+mrOI/nvH6bWDgKBkDggTvLss6NiT/pTLXp0NpU+RlTgq67i+yIqoAcQSSMoPej2/v1"
    "msL01W6k7dHZMDmU1cSZdseoc8i9g1k8+wcG8TAd"
)

PUBLISHED_KEY: Final = KeyPair(
    kid="leruIX-EBMUCx7QuPMFR-6j_zW3rdT-5nslhd17XDR4",
    public_jwk=_PUBLIC,
    private=b64decode(_PRIVATE),
)
