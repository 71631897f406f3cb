// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/crypto/common_passwords.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_set>

namespace beside::crypto {
namespace {

// Our own list: what people in the languages of our first customers type when asked for "a password with a capital, a
// digit and a sign". Variants need no lines of their own (password.cpp undoes them).
constexpr std::string_view kBases =
    // the word itself, signing in, machines and roles
    "password passwords passwort passwörter passwd pass passe passwor passwo passwordd passport paßwort kennwort parola "
    "parolachiave password motdepasse motdepass contrasena contraseña senha wachtwoord losenord haslo heslo salasana "
    "geheim geheimnis secret secrets segreto segreta topsecret private privat privato login logon signin anmelden "
    "anmeldung accesso zugang einloggen letmein letmeinn letmein letme openup opensesame sesam sesamo sesamoeffnedich "
    "sesamöffnedich changeme changeit changethis changenow aendern ändern neuespasswort neuespw newpassword newpass "
    "mypassword mypass meinpasswort meinpw lamiapassword default standard initial temp temporary temporär welcome "
    "welcomeback willkommen benvenuto benvenuti bienvenue bienvenido hello helloworld hellothere hallo hallohallo "
    "halloduda ciao ciaociao buongiorno gutentag gutenmorgen servus gruezi grüezi moin admin admins administrator "
    "administrador amministratore adminadmin sysadmin root rootroot toor superuser superadmin user username benutzer "
    "utente guest gast ospite test tests testtest tester testing testen prova provaprova demo demodemo example esempio "
    "beispiel sample service support helpdesk operator operatore kunde cliente customer kiosk office buero büro ufficio "
    "company firma azienda computer laptop internet server netzwerk network database backup security sicherheit "
    "sicurezza sicher microsoft windows windowsxp linux ubuntu debian android iphone google facebook instagram youtube "
    "amazon netflix samsung nokia beside "
    // keyboards and alphabets
    "qwerty qwertz qwertyu qwertyui qwertyuiop qwertzu qwertzui qwertzuiop azerty azertyuiop asdf asdfg asdfgh asdfghj "
    "asdfghjk asdfghjkl asdfjkl asdfasdf yxcvbnm yxcvb zxcvbnm zxcvb zxcv qweasd qweasdzxc qweasdyxc qazwsx qazwsxedc "
    "qayxsw qaywsx wasd poiuyt poiuytrewq lkjhgfdsa mnbvcxz mnbvcxy abc abcd abcde abcdef abcdefg abcdefgh abcabc xyz "
    "xyzxyz aaa aaaa aaaaa aaaaaa xxx xxxx xxxxxx zzzzzz asd qwe qweqwe qaz wsx "
    // seasons, months, days
    "spring summer autumn fall winter fruehling frühling frühjahr sommer herbst primavera estate autunno inverno "
    "january february march april june july august september october november december januar jänner februar märz maerz "
    "juni juli oktober dezember gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
    "dicembre monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag "
    "samstag sonnabend sonntag lunedi martedi mercoledi giovedi venerdi sabato domenica christmas weihnachten natale "
    "ostern easter birthday geburtstag compleanno holiday urlaub ferien vacanza "
    // love, names, animals, games, teams, places
    "iloveyou iloveu ilove loveyou lovely love lover ichliebedich ichliebe liebe schatz schatzi schatzerl spatz mausi "
    "hasi baerchen bärchen engel angel angels amore amoremio tiamo tesoro cuore jetaime teamo princess prinzessin "
    "principessa sunshine sonnenschein sonne sole sunflower sonnenblume flower blume fiore butterfly schmetterling "
    "farfalla rainbow regenbogen star stern stella starwars startrek pokemon pikachu minecraft fortnite matrix batman "
    "superman spiderman ironman hulk joker naruto mario luigi sonic zelda hello kitty hellokitty barbie mickey mickeymouse "
    "snoopy garfield gandalf frodo harrypotter hogwarts merlin phoenix dragon drache drago monkey affe scimmia tiger tigre "
    "lion loewe löwe leone panther eagle adler aquila falcon wolf lupo bear shark dolphin delfin delfino hund hunde doggy "
    "katze kater mieze cane gatto gattino pferd cavallo horse pony hamster rabbit hase maus panda football fussball "
    "fußball calcio soccer baseball basketball hockey tennis golf ferrari porsche mercedes bmw audi volkswagen vespa "
    "ducati yamaha harley juventus inter milan napoli roma lazio bayern fcbayern dortmund borussia schalke rapid arsenal "
    "chelsea liverpool barcelona realmadrid berlin hamburg muenchen münchen koeln köln frankfurt wien vienna graz zuerich "
    "zürich bern basel bolzano bozen trento milano torino venezia firenze italia italy germany deutschland austria "
    "oesterreich österreich schweiz suisse svizzera france london paris newyork america europe "
    "michael michelle daniel daniela thomas andreas alexander alexandra alessandro alessandra stefan stefano stefanie "
    "martin martina peter pietro paul paolo anna maria marie laura sara sarah julia giulia giulio lisa lukas luca marco "
    "markus matteo mario francesco francesca giuseppe giovanni antonio roberto robert charlie jordan jennifer jessica "
    "ashley nicole nicolas hannah sophie sofia emma leon felix max maxmax maximilian tobias sebastian christian christine "
    "patrick philipp simon simone florian wolfgang hans franz josef johann karl heinz klaus jürgen juergen sabine petra "
    "monika ursula andrea bianca chiara elena federico lorenzo "
    // exclamations, foods, the rest
    "whatever nothing something anything everything niemand nichts nessuno niente freedom freiheit liberta peace frieden "
    "pace trustno trustnoone master meister maestro boss chef chief captain killer hunter ranger soldier ninja samurai "
    "pirate shadow schatten ombra ghost geist fantasma money geld soldi million lucky glück glueck fortuna happy "
    "gluecklich felice cookie keks biscotto chocolate schokolade cioccolato coffee kaffee caffe cheese kaese käse "
    "formaggio pizza pasta spaghetti banana banane orange arancia apple apfel mela strawberry erdbeere fragola bier beer "
    "birra wein wine vino whisky vodka mustang corvette silver gold golden diamond diamant diamante blue blau rosso red "
    "green black schwarz white purple ginger pepper pfeffer sugar zucker music musik musica guitar gitarre chitarra piano "
    "metallica nirvana beatles rammstein computer access access granted mother mutter mama mamma papa father vater family "
    "familie famiglia friend freunde amico freund baby babygirl babyboy biteme fuckyou fuckoff fuck scheisse scheiße "
    "arschloch merda cazzo vaffanculo asshole bitch blabla blablabla lalala hahaha hehehe jajaja neinnein yesyes nono ok "
    "okay okok please bitte danke grazie prego thankyou thanks ";

constexpr std::array<std::string_view, 40> kPatterns = {
    "1qaz2wsx",   "1qaz@wsx",   "!qaz2wsx",   "zaq12wsx",  "zaq1@wsx",   "1qay2wsx",   "1qay\"wsx",  "1q2w3e4r",
    "1q2w3e4r!",  "1q2w3e4r5t", "!q2w3e4r",   "1q2w3e",    "q1w2e3r4",   "q1w2e3r4!",  "q1w2e3r4t5", "1qazxsw2",
    "1qaz!qaz",   "qwer1234",   "qwer1234!",  "1234qwer",  "1234qwer!",  "!1234qwer",  "asdf1234",   "asdf1234!",
    "1234asdf!",  "123qwe!@#",  "qwe123!@#",  "123qweasd", "1qw23er4",   "1qw23er4!",  "a1b2c3d4",   "a1b2c3d4!",
    "abc123!@#",  "!@#abc123",  "abc123def!", "1a2b3c4d",  "1a2b3c4d!",  "qwe!23qwe",  "123abc!@#",  "a123456!",
};

std::unordered_set<std::string_view> split_bases() {
  std::unordered_set<std::string_view> words;
  std::string_view rest = kBases;
  while (!rest.empty()) {
    const std::size_t end = rest.find(' ');
    if (end > 0) words.insert(rest.substr(0, end));
    rest.remove_prefix(std::min(rest.size(), end == std::string_view::npos ? rest.size() : end + 1));
  }
  return words;
}

}  // namespace

bool is_common_base(std::string_view base) {
  static const std::unordered_set<std::string_view> words = split_bases();
  return words.contains(base);
}

bool is_common_pattern(std::string_view lower) {
  return std::find(kPatterns.begin(), kPatterns.end(), lower) != kPatterns.end();
}

}  // namespace beside::crypto
