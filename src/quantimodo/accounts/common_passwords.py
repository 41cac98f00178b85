"""The passwords that are tried first, from the public lists of leaked ones, in lower case.

Only those that are long enough to be taken otherwise, and words of this very service
(OWASP ASVS §6.2.4, §6.2.11).
"""

_WORDS = """
    !qaz2wsx 00000000 000000000 0000000000 01011980 01011990 01012000 01020304 0123456789
    0987654321 10203040 102030405060 11111111 111111111 1111111111 11223344 1122334455
    112233445566 12121212 1212121212 123123123 1231231234 123321123 12341234 1234512345
    123454321 12345678 123456789 1234567890 12345678910 123456789a 12345678a 1234567a 123456aa
    123456abc 123456qwerty 12345abcde 12345qwert 1234qwer 123abc123 123qwe123 123qweasd 13131313
    147258369 147852369 159753456 1a2b3c4d 1password 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx
    1qaz2wsx3edc 1qazxsw2 1qazxsw23edc 20202020 22222222 258456357 27182818 31415926 314159265
    33333333 44444444 55555555 66666666 69696969 741852963 77777777 789456123 87654321 88888888
    963852741 987654321 9876543210 99999999 999999999 a1234567 a12345678 a123456789 a1b2c3d4
    a1b2c3d4e5 aa123456 aa12345678 aaaaaaaa aaaaaaaaaa abababab abc12345 abc123456 abc123abc
    abcabc123 abcd1234 abcd12345 abcde12345 abcdef123 abcdefgh abcdefghi abcdefghij abracadabra
    admin123 admin1234 admin12345 admin@123 adminadmin administrador administrator alejandro
    alexande alexander alexandra america1 american andrew12 angel123 angelina anthony1 anything
    arsenal1 asdf1234 asdfasdf asdfghjk asdfghjkl asdfghjkl; asdfqwer ashley12 asshole1
    autumn2025 autumn2026 azerty123 azertyui azertyuiop babygirl babygirl1 babygirl123 barbara1
    barcelona baseball baseball1 basketba basketball batman123 bayern1900 benjamin blessed1
    blessing blink182 brandon1 bulldogs bullshit business butterfl butterfly carolina caroline
    celtic1888 champion champions changeit changeme changeme! changeme1 changeme123 charlie1
    charlotte cheese123 chelsea1 chocolat chocolate christian christina christine christopher
    company1 company123 computer computer1 cookie123 correct-horse-battery-staple
    correcthorsebatterystaple corvette cowboys1 creative daniel12 danielle december default1
    default123 diamond1 discovery donttellanyone dragon12 dragon123 dragonball eagles12 elephant
    elizabet elizabeth everything explorer february fernando ferrari1 flower123 football
    football1 football123 francisco freedom1 freedom123 friday13 fuckyou! fuckyou1 fuckyou123
    fuckyou2 gabriel1 gabriela godisgood goodluck greenday guest123 hallelujah hannah12 heather1
    hello-world hello123 hello1234 hello12345 hellohello helloworld ihateyou iloveme1 iloveu123
    iloveyou iloveyou! iloveyou1 iloveyou12 iloveyou123 iloveyou2 internet internet1 ironmaiden
    isabella jennifer jessica1 jesus123 jesuschrist jonathan joshua12 juventus kangaroo lakers24
    leopard1 letmein! letmein1 letmein123 letmeinnow liverpool liverpool1 lovelove lovely123
    loveme123 loveyou1 manchester manunited marlboro marlboro1 master12 master123 matthew1
    maverick measurement measurements mercedes metallic metallica michael1 michelle midnight
    midnight1 monday123 monkey12 monkey123 motherfucker motorola mountain mustang1 mustang123
    mypassword naruto123 nathaniel newpassword nicholas nirvana1 nopassword nothing1 november
    open-sesame opensesame p@55w0rd p@ssw0rd p@ssw0rd1 p@ssw0rd123 p@ssword p@ssword1
    p@ssword123 pa$$w0rd pa$$word pa55w0rd pa55word packers1 pass1234 pass12345 passw0rd
    passw0rd! passw0rd1 password password! password. password0 password00 password01 password1
    password1! password10 password11 password12 password123 password1234 password12345 password2
    password2024 password2025 password2026 password21 password22 password3 password69 password7
    password99 password@1 password@123 passwords passwort passwort1 passwort123 patricia
    penguin1 pineapple pleaseletmein pokemon1 pokemon123 porsche1 porsche911 precious precision
    princess princess1 princess123 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qazwsx123 qazwsxedc
    qazxswedc quantified quantifiedself quantimodo quantimodo! quantimodo1 quantimodo12
    quantimodo123 quantimodo1234 quantimodo2025 quantimodo2026 quantimodo2027 qwe12345 qwe123qwe
    qweasd123 qweasdzxc qweqweqwe qwer1234 qwerasdf qwert123 qwert12345 qwerty12 qwerty123
    qwerty1234 qwerty12345 qwerty123456 qwertyui qwertyuiop qwertyuiop[] qwertzui qwertzuiop
    rainbow1 rainbow123 rangers1 realmadrid redskins robert12 root1234 rootroot sailormoon
    samantha samsung1 samsung123 sapphire scooter1 scorpion secret12 secret123 secretpassword
    security security1 september service1 shadow123 skywalker slipknot snickers softball
    something spiderma spiderman spring2025 spring2026 startrek starwars starwars1 steelers
    stephanie strawberry summer12 summer123 summer2024 summer2025 summer2026 sunshine sunshine1
    sunshine123 superman superman1 supersecret superstar support1 support123 sweetheart sweetpea
    swimming temp1234 temporary temppass test1234 test12345 tester12 testing1 testing123
    testtest thepassword thisisapassword thisismypassword thomas12 thunder1 tinkerbell toortoor
    trinity1 trustno1 undertaker user1234 username valentina veronica victoria welcome!
    welcome01 welcome1 welcome1! welcome12 welcome123 welcome1234 welcome2024 welcome2025
    welcome2026 whatever whatever1 willkommen windows1 windows10 winter123 winter2024 winter2025
    winter2026 wolverine wonderful yankees1 yourpassword zaq12wsx zaq1xsw2 zaq1zaq1 zxcvbnm,
    zxcvbnm,./ zxcvbnm1 zxcvbnm123
"""

COMMON = frozenset(_WORDS.split())
