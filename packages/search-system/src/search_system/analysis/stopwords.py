# ruff: noqa: RUF001 - Russian and Turkish have letters that look like Latin ones
"""Stop words: the most frequent function words of a language, which carry the least meaning.

English is Lucene's list of 33. The others were written for this package, under its own licence:
articles, prepositions, conjunctions, pronouns and forms of "to be" and "to have", no word that can
be the topic of a query. A test compares them with the longer lists that bm25s ships.
"""

_LISTS = {
    "english": """
        a an and are as at be but by for if in into is it no not of on or such that the their then
        there these they this to was will with
    """,
    "danish": """
        af at da de dem den der deres det dig din du efter eller en er et for fra ham han har havde
        hende her hos hun i ikke jeg man med men mig min nu når og om op os på sig sin som til ud
        var vi
    """,
    "dutch": """
        aan als bij dan dat de der deze die dit door een en er had heb hebben heeft het hij hun ik
        in is je maar me met mijn naar niet nog of om ons onder ook op over te tot u uit van voor
        was wat we wij worden wordt zal ze zich zij zijn
    """,
    "french": """
        au aux avec ce ces dans de des du elle en et eux il ils je la le les leur lui ma mais me mes
        moi mon ne nos notre nous on ou par pas pour qu que qui sa se ses son sur ta te tes toi ton
        tu un une vos votre vous c d j l m n s t y est sont été être
    """,
    "german": """
        aber als am an auch auf aus bei bin bis da das dass dem den der des die dies diese dieser
        dieses durch ein eine einem einen einer eines er es für hat hatte ich ihr im in ist mit nach
        nicht noch nur oder sich sie sind so über um und uns unter von vom vor war waren was wenn
        werden wie wir wird zu zum zur
    """,
    "italian": """
        a ad al alla alle agli ai anche che chi ci come con da dal dalla dei del della delle degli
        di e ed è gli i il in io la le lei lo loro lui ma mi ne nei nel nella noi non o per perché
        più quella quello questa questo se sono su sul sulla tra tu un una uno vi
    """,
    "norwegian": """
        at av da de dem den der deres det din du eller en er et for fra ham han har hadde hennes her
        hun i ikke jeg man med men meg min mot nå når og om opp oss på seg sin som til ut var vi ved
        vil å
    """,
    "portuguese": """
        a ao aos as com como da das de do dos e ela elas ele eles em entre era essa esse esta este
        eu foi isso isto já lhe mais mas me meu minha na nas no nos não o os ou para pela pelo por
        que se sem ser seu sua são também te um uma à às é
    """,
    "russian": """
        а без бы был была были было в вам вас во вы да для до его ее если есть же за и из или им их
        к как ко когда кто ли мне мы на над не него нее нет ни них но ну о об он она они от по под
        при с со так то тоже только ты у уже чего чем что чтобы эти этого этом этот я
    """,
    "spanish": """
        a al como con de del desde donde e el ella ellas ellos en entre era es esa ese eso esta este
        esto ha hay la las le les lo los me mi muy más ni no nos o para pero por porque que se si
        sin sobre son su sus también te tu un una uno y ya yo él
    """,
    "swedish": """
        att av de dem den denna deras dess det detta dig din du där efter ej eller en er ett från
        för han har hade hans hennes hon honom i icke inte jag kan man med men mig min mot nu när
        och om oss på sig sin som så till under upp ut var vi vid vilken är
    """,
    "turkish": """
        ama bana ben biz bu bunu da daha de diye en gibi hem hep her ile ise için kadar ki mu mü mı
        nasıl ne neden niye o onu sen siz şu ve veya ya yani
    """,
}

STOP_WORDS = {language: frozenset(words.split()) for language, words in _LISTS.items()}
"""The lists by language; Snowball's names of the languages."""
ENGLISH = STOP_WORDS["english"]
