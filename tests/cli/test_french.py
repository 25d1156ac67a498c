"""With `--lang fr` each command says all that it says in French; whole outputs, word by word.

In the literals `~` stands for the narrow blank before French signs.
"""

import io
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from barkive.catalogue import Catalogue
from barkive.catalogue.annotations import labels
from barkive.catalogue.db import schema
from barkive.catalogue.scan import history
from barkive.catalogue.transfer import merging
from barkive.classifier import Classifier
from barkive.cli import commands, review
from barkive.cli.progress import progress
from barkive.cli.saying import choose
from barkive.images.passing import told
from barkive.messages import Message

Run = Callable[..., tuple[int, str, str]]
AT = datetime(2026, 6, 1, 9, 30)
AT_NEIGHBOURS = ("--catalogue", "voisin.sqlite")
KEYS = (
    "1 à 5 une de celles-ci, b une autre race, c un croisement, n pas un chien, "
    "? impossible à dire, s passer, u annuler, o ouvrir, q quitter.\n"
)


def narrow(text: str) -> str:
    return text.replace("~", "\u202f")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command in French; the exit status, and what came on both outputs."""
    minutes = iter(range(99))
    monkeypatch.setattr(labels, "now", lambda: AT + timedelta(minutes=next(minutes)))
    monkeypatch.setattr(merging, "now", lambda: AT)
    monkeypatch.setattr(history, "now", lambda: AT)
    monkeypatch.setattr(history, "user_and_machine", lambda: "ada@chenil")
    monkeypatch.setenv("BARKIVE_CATALOGUE", str(tmp_path / "c.sqlite"))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(tmp_path)

    def invoke(*words: object, keys: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["barkive", *map(str, words), "--lang", "fr"])
        monkeypatch.setattr("sys.stdin", io.StringIO(keys))
        with pytest.raises(SystemExit) as end:
            commands.run()
        out, err = capfd.readouterr()
        return end.value.code or 0, out, err  # type: ignore[return-value]

    return invoke


@pytest.fixture
def kennel(colour_photo: Callable[..., Path]) -> Path:
    """A photo of each kind, and one that is passed over."""
    folder = colour_photo("chenil/rex.png", (250, 10, 10)).parent
    colour_photo("chenil/mix.png", (120, 110, 90))
    colour_photo("chenil/nuit.png", (9, 9, 9))
    (folder / "vide.jpg").touch()
    (folder / "rex.CR2").touch()
    return folder


@pytest.fixture
def scanned(kennel: Path, classifier: Classifier, tmp_path: Path, run: Run) -> Path:
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        catalogue.scan(kennel, classifier=classifier)
    return kennel


def test_identify(run: Run, kennel: Path, colour_bundle: Path) -> None:
    assert run("identify", "chenil", "--model", colour_bundle) == (
        1,
        narrow(
            "chenil/mix.png                    "
            "pas sûr~: Chihuahua 37~%, Carlin 34~%, Bichon maltais 28~%\n"
            "chenil/nuit.png                   pas de chien ici\n"
            "chenil/rex.png                    Chihuahua 92~%, Carlin 4~%, Bichon maltais 4~%\n"
            "chenil/vide.jpg                   illisible~: Le fichier est vide.\n"
        ),
        narrow(
            "4 photos~: 1 nommée, 1 incertaine, 1 sans chien, 1 illisible.\n"
            "laissées de côté~: 1 fichier RAW.\n"
        ),
    )


def test_identify_in_a_folder_without_photos(run: Run, tmp_path: Path, colour_bundle: Path) -> None:
    (tmp_path / "rien").mkdir()
    assert run("identify", "rien", "--model", colour_bundle) == (
        0,
        "",
        "Il n'y a pas de photo dans rien.\n",
    )
    assert run("identify", "rien", "--model", colour_bundle, "--no-recursive") == (
        0,
        "",
        narrow(
            "Il n'y a pas de photo dans rien même~; avec --no-recursive, les dossiers à "
            "l'intérieur ne sont pas ouverts.\n"
        ),
    )


def test_identify_as_json_has_the_code_beside_the_sentence(
    run: Run, kennel: Path, colour_bundle: Path
) -> None:
    status, out, err = run(
        "identify", "chenil/vide.jpg", "--model", colour_bundle, "--format", "json"
    )
    assert (status, err) == (1, "")
    record = json.loads(out)
    assert (record["error"], record["error_code"]) == ("Le fichier est vide.", "photo_empty")


def test_scan(run: Run, kennel: Path, colour_bundle: Path, tmp_path: Path) -> None:
    assert run("scan", "chenil", "--model", colour_bundle) == (
        1,
        narrow(
            "4 photos~: 1 nommée, 1 incertaine, 1 sans chien, 1 illisible.\n"
            "4 nouvelles, 0 modifiée, 0 déplacée, 0 disparue, 1 non lue, 0 inchangée.\n"
            "laissées de côté~: 1 fichier RAW.\n"
            f"Catalogue~: {tmp_path}/c.sqlite\n"
        ),
        narrow(f"{kennel}/vide.jpg~: Le fichier est vide.\n"),
    )


def test_scan_of_a_damaged_catalogue(
    run: Run, scanned: Path, colour_bundle: Path, tmp_path: Path
) -> None:
    for ending in ("-wal", "-shm"):
        (tmp_path / f"c.sqlite{ending}").unlink(missing_ok=True)
    (tmp_path / "c.sqlite").write_bytes(b"damaged" * 1000)
    (scanned / "vide.jpg").unlink()
    assert run("scan", "chenil", "--model", colour_bundle, "--rebuild") == (
        0,
        narrow(
            "3 photos~: 1 nommée, 1 incertaine, 1 sans chien.\n"
            "3 nouvelles, 0 modifiée, 0 déplacée, 0 disparue, 0 non lue, 0 inchangée.\n"
            "laissées de côté~: 1 fichier RAW.\n"
            f"Catalogue~: {tmp_path}/c.sqlite\n"
        ),
        narrow(
            f"Le catalogue endommagé est gardé sous le nom {tmp_path}/c.sqlite.damaged-1~; "
            "sauvés~: 0 photo avec son numéro, 0 avis.\n"
        ),
    )


def test_search(run: Run, scanned: Path) -> None:
    assert run("search", "--status", "uncertain", "--status", "failed") == (
        0,
        narrow(
            f"{scanned}/mix.png  pas sûr~: Chihuahua 37~%, Carlin 34~%, Bichon maltais 28~%\n"
            f"{scanned}/vide.jpg  illisible~: Le fichier est vide.\n"
        ),
        "2 photos.\n",
    )
    assert run("search", "--limit", 1)[2] == "1 sur 4 photos.\n"
    breeds = "Chihuahua 37~%, Carlin 34~%, Bichon maltais 28~%"
    alike = narrow(f"{scanned}/mix.png  pas sûr~: {breeds}  0,69\n")
    assert run("search", "--like", scanned / "rex.png", "--limit", 1) == (0, alike, "")


def test_an_error(run: Run, scanned: Path, tmp_path: Path) -> None:
    assert run("search", "--breed", "pgu") == (
        2,
        "",
        narrow(
            "Erreur~: Barkive ne connaît pas de race appelée «~pgu~». Les noms les plus "
            "proches~: Carlin. `barkive breeds` donne la liste de ceux qu'il connaît.\n"
        ),
    )


def test_a_catalogue_that_can_only_be_read(
    run: Run, scanned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = Message("catalogue_reason_disk_read_only")
    notice = Message("catalogue_read_only", {"catalogue": "c.sqlite", "reason": why})
    monkeypatch.setattr(Catalogue, "read_only", property(lambda _: notice))
    told = (
        "Le catalogue c.sqlite ne peut être que lu ici, et rien ne peut être enregistré. Son "
        "disque est en lecture seule~; `barkive copy` fait un catalogue ailleurs.\n"
    )
    assert run("search", "--count") == (0, "4\n", narrow(told))
    assert run("review", keys="n\nq\n") == (
        0,
        narrow(
            f"\n1 sur 1  {scanned}/mix.png\n"
            "  1   37~%  Chihuahua\n"
            "  2   34~%  Carlin\n"
            "  3   28~%  Bichon maltais\n"
            "Rien ne peut être enregistré~: s suivante, o ouvrir, q quitter.\n"
            "0 réponse, 1 restante.\n"
        ),
        narrow(
            f"{told}1 à vérifier. Rien ne peut être enregistré~: s suivante, o ouvrir, q quitter.\n"
        ),
    )


def test_label_and_history(run: Run, scanned: Path) -> None:
    mix = scanned / "mix.png"
    cross = ("--cross", "pug", "maltese", "--by", "Ada", "--note", "doux")
    assert run("label", mix, *cross) == (0, f"{mix}  Carlin x Bichon maltais  ✓ doux\n", "")
    run("label", mix, "--undo")
    assert run("label", mix, "--not-a-dog") == (0, f"{mix}  pas de chien ici  ✓\n", "")
    run("label", mix, "--breed", "Jack Russell", "--other")
    run("label", mix, "--unsure")
    assert run("history", mix) == (
        0,
        narrow(
            "2026-06-01 09:30:00 par Ada  croisement~: Carlin x Bichon maltais, "
            "avant~: incertaine (doux)\n"
            "2026-06-01 09:31:00  annulation, avant~: chien, Carlin x Bichon maltais\n"
            "2026-06-01 09:32:00  pas un chien, avant~: incertaine\n"
            "2026-06-01 09:33:00  race~: Jack Russell, avant~: pas de chien\n"
            "2026-06-01 09:34:00  impossible à dire, avant~: chien, Jack Russell\n"
        ),
        "",
    )
    nobody = "Personne n'a donné d'avis sur cette photo.\n"
    assert run("history", scanned / "rex.png") == (0, "", nobody)


def test_review(
    run: Run,
    scanned: Path,
    classifier: Classifier,
    colour_photo: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    colour_photo("chenil/duo.png", (100, 99, 20))
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        catalogue.scan(scanned, classifier=classifier)
    asked: list[str] = []
    answers = iter(["pgu", "pug", "Jack Russell"])

    def answer(question: str) -> str:
        asked.append(question)
        return next(answers)

    monkeypatch.setattr(review, "_line", answer)
    assert run("review", keys="x\nb\n1\nu\nc\nw\n?\n") == (
        0,
        narrow(
            f"""
1 sur 2  {scanned}/duo.png
  1   45~%  Chihuahua
  2   45~%  Carlin
  3    9~%  Bichon maltais
{KEYS}Aucune race ne s'appelle exactement «~pgu~». Laquelle est-ce~?
  1  Carlin
  w  tel quel~: «~pgu~»
Enregistré~: {scanned}/duo.png~: Carlin~; u l'annule.

2 sur 2  {scanned}/mix.png
  1   37~%  Chihuahua
  2   34~%  Carlin
  3   28~%  Bichon maltais
Annulé~: {scanned}/duo.png.

de nouveau  {scanned}/duo.png
  1   45~%  Chihuahua
  2   45~%  Carlin
  3    9~%  Bichon maltais
Aucune race ne s'appelle exactement «~Jack Russell~». Laquelle est-ce~?
  w  tel quel~: «~Jack Russell~»
Enregistré~: {scanned}/duo.png~: Carlin x Jack Russell~; u l'annule.

2 sur 2  {scanned}/mix.png
  1   37~%  Chihuahua
  2   34~%  Carlin
  3   28~%  Bichon maltais
Enregistré~: {scanned}/mix.png~: impossible à dire~; u l'annule.
2 réponses, 0 restante.
"""
        ),
        f"2 à vérifier. {KEYS}",
    )
    assert asked == [narrow(one) for one in ("Race~:", "Première race~:", "Seconde race~:")]
    nothing = "Rien à vérifier~: le modèle est sûr du reste, ou des personnes l'ont dit.\n"
    assert run("review") == (0, narrow(nothing), "")


def test_review_of_photos_without_a_dog(run: Run, scanned: Path) -> None:
    assert run("review", "--status", "not_dog", keys="n\n") == (
        0,
        narrow(
            f"""
1 sur 1  {scanned}/nuit.png
Pas de chien, dit le modèle~; s'il y en a un, c'est peut-être~:
  1   33~%  Chihuahua
  2   33~%  Carlin
  3   33~%  Bichon maltais
Enregistré~: {scanned}/nuit.png~: pas un chien~; u l'annule.
1 réponse, 0 restante.
"""
        ),
        f"1 à vérifier. {KEYS}",
    )
    nothing = "Rien à vérifier~: il ne reste aucune photo de ce genre.\n"
    assert run("review", "--status", "not_dog") == (0, narrow(nothing), "")
    assert run("review", "--status", "failed") == (
        2,
        "",
        narrow(
            "Erreur~: La vérification ne montre pas les photos de statut failed, car elles ne "
            "peuvent pas être lues~; demandez uncertain, not_dog ou dog.\n"
        ),
    )


def test_duplicates(run: Run, scanned: Path, classifier: Classifier, tmp_path: Path) -> None:
    (scanned / "copie.png").write_bytes((scanned / "rex.png").read_bytes())
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        catalogue.scan(scanned, classifier=classifier)
    assert run("duplicates") == (
        0,
        narrow(
            "2 fois le même fichier~:\n"
            f"  {scanned}/rex.png~: Chihuahua\n"
            f"  {scanned}/copie.png~: Chihuahua\n"
        ),
        "1 groupe, 2 photos.\n",
    )


def test_export(run: Run, scanned: Path, tmp_path: Path) -> None:
    (tmp_path / "races.txt").write_text("PUG\n")
    words = ("--as", "asm3", "--breed-list", "races.txt", "--out", "asm.csv")
    status, output, told = run("export", *words)
    assert (status, output) == (0, "")
    by_hand, *rest = told.splitlines()
    assert by_hand.startswith("Dans Animal Shelter Manager, choisissez la race de BK")
    assert rest == [
        narrow("Pas dans races.txt (2)~: Chihuahua, Croisé"),
        narrow("2 écrits, 2 laissés de côté (1 sans chien, 1 illisible)~: asm.csv"),
    ]
    (scanned / "rex.png.xmp").write_text("<no-xmp/>")
    assert run("export", "--as", "xmp", "--status", "dog") == (
        1,
        "",
        narrow(f"{scanned}/rex.png.xmp~: C'est du XML, mais pas du XMP.\n0 écrit, 1 en échec\n"),
    )


def test_merge(run: Run, scanned: Path, classifier: Classifier, tmp_path: Path) -> None:
    with Catalogue(tmp_path / "autre.sqlite") as other:
        other.scan(scanned, classifier=classifier)
    (tmp_path / "c.sqlite").rename(tmp_path / "voisin.sqlite")
    run("label", scanned / "rex.png", "--breed", "beagle", "--by", "Ben", *AT_NEIGHBOURS)
    (tmp_path / "autre.sqlite").rename(tmp_path / "c.sqlite")
    run("label", scanned / "rex.png", "--breed", "pug", "--by", "Ada")
    conflict = narrow(
        f"""{scanned}/rex.png  (3)
   ici~:    Carlin, 2026-06-01 09:31:00 par Ada  (vaut)
   là-bas~: Beagle, 2026-06-01 09:30:00 par Ben
3 images~: 3 déjà ici, 0 pas encore
1 avis vient
1 conflit~; les deux avis sont gardés, et le plus récent vaut
"""
    )
    nothing = narrow("Rien n'a été modifié~; omettez --dry-run pour fusionner.\n")
    assert run("merge", "voisin.sqlite", "--dry-run") == (0, conflict, nothing)
    assert run("merge", "voisin.sqlite") == (0, conflict, "")
    assert run("merge", "--undo") == (
        0,
        narrow(
            "La fusion de voisin.sqlite du 2026-06-01 09:30:00 est annulée~: 1 avis, 0 image "
            "sans fichier. Ce qui a été dit depuis reste.\n"
        ),
        "",
    )


def test_breeds(run: Run, scanned: Path) -> None:
    run("label", scanned / "mix.png", "--breed", "Jak Rusel", "--other")
    status, out, err = run("breeds", "carlin")
    assert (status, err) == (0, "")
    assert [line.strip() for line in out.splitlines() if line.strip(" ─")] == [
        "Id          Français   English   FCI   Groupe",
        narrow("n02110958   Carlin     Pug       253   9~: Chiens d'agrément et de compagnie"),
    ]
    groups = [run("breeds", name)[1].split("\n")[3].split("   ")[-1] for name in ("dhole", "jak")]
    assert [one.strip() for one in groups] == ["canidé sauvage", "ajoutée"]
    renamed = "«~Jak Rusel~» s'appelle maintenant «~Jack Russell~», sur 1 photo.\n"
    assert run("breeds", "--rename", "Jak Rusel", "Jack Russell") == (0, narrow(renamed), "")


def test_copy(run: Run, scanned: Path, tmp_path: Path) -> None:
    status, out, err = run("copy", "c.sqlite", "d.sqlite")
    assert (status, err) == (0, "")
    # The digests tell the numbers of this test's photos and moments.
    assert [re.sub("  [0-9a-f]{64}$|  SHA-256$", "", line) for line in out.splitlines()] == [
        "                     lignes     écrites",
        "modèles                   1           1",
        "modèles appris            0           0",
        "réponses                  3           3",
        "détections                0           0",
        "fusions                   0           0",
        "contenus retirés          0           0",
        "contenus                  3           3",
        "alias                     0           0",
        "corrections               0           0",
        "races                     0           0",
        "actes                     0           0",
        "changements               0           0",
        "analyses                  1           1",
        "photos                    4           4",
        "autres chiens             0           0",
        "animaux                   0           0",
        "photos d'animaux          0           0",
        "refus                     0           0",
        "exports d'animaux         0           0",
        "exports de photos         0           0",
        "recherches                0           0",
        "exports                   0           0",
        "Les deux catalogues contiennent les mêmes lignes.",
        narrow(f"Catalogue~: {tmp_path}/d.sqlite"),
    ]


def test_a_scan_that_failed_says_why(run: Run, scanned: Path, tmp_path: Path) -> None:
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        reason = Message("store_no_answer", {"url": "s3://chenil", "reason": "503"})
        values = {"state": "failed", "error_code": reason.code}
        with catalogue._store.database.write() as connection:
            told = {"error": reason.text(), "error_params": json.dumps(reason.params_to_json())}
            connection.execute(update(schema.run).values(values | told))
    sentence = narrow(
        "Le stockage d'objets ne répond pas pour s3://chenil~: 503~; relancez la commande plus "
        "tard, ce qui était fait est gardé."
    )
    assert run("runs")[1].splitlines()[-1] == f"   {sentence}"
    told = json.loads(run("runs", "--json")[1])
    assert (told["error"], told["error_code"]) == (sentence, "store_no_answer")


def test_runs(run: Run, scanned: Path, tmp_path: Path) -> None:
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        (known,) = catalogue.runs()
    versions = ", ".join(f"{name} {version}" for name, version in known.versions.items())
    assert run("runs") == (
        0,
        narrow(
            "1  terminée  2026-06-01 09:30:00, fin 2026-06-01 09:30:00  "
            "par ada@chenil (programme)\n"
            f"   de {scanned}\n"
            "   4 listées, 4 nouvelles, 1 nommée, 1 incertaine, 1 sans chien, 1 illisible\n"
            f"   local~; {known.model}~; {versions}\n"
        ),
        "",
    )
    assert json.loads(run("runs", "--json")[1])["error"] is None
    Catalogue(tmp_path / "vide.sqlite").close()
    nothing = "Rien n'a encore été analysé.\n"
    assert run("runs", "--catalogue", "vide.sqlite") == (0, nothing, "")


def test_the_variable_chooses_the_language_and_the_option_another(
    run: Run, scanned: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BARKIVE_LANG", "fr")
    for words, said in ([], "1 sur 4 photos.\n"), (["--lang", "en"], "1 of 4 photos.\n"):
        monkeypatch.setattr("sys.argv", ["barkive", "search", "--limit", "1", *words])
        with pytest.raises(SystemExit):
            commands.run()
        assert capfd.readouterr().err == said


@pytest.fixture
def in_french() -> Iterator[None]:
    choose("fr")
    yield
    choose("en")


def test_progress(
    in_french: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    clock = iter([100.0, 110.0, 120.0])
    monkeypatch.setattr("barkive.cli.progress.time.monotonic", lambda: next(clock))
    with progress("Analyse") as report:
        report(15, 1000)
        report(300, None)
    assert capfd.readouterr() == (
        "",
        narrow(
            "Analyse~: 15 sur 1000 photos, 1,5 par seconde, encore 657 s\n"
            "Analyse~: 300 photos, 15 par seconde\n"
        ),
    )


def test_what_is_passed_over() -> None:
    counts = {"raw": 12, "@eaDir": 40, "video": 1, "link": 1, "excluded": 2, "export": 1}
    counts |= {"hidden": 3}
    assert told(counts, "fr") == narrow(
        "laissées de côté~: 40 dans @eaDir, 2 exclues, 1 d'un export de Barkive, 3 cachées, 1 lien "
        "qui mène ailleurs (--follow-links le suit), 12 fichiers RAW, 1 vidéo."
    )
