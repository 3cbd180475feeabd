"""Word lists of slot values in requests: numbers, days, places, names, and other closed or well known kinds.

Put together by hand from general knowledge, for English, with a few kinds of Japanese. No list can be complete; a value
that is missing here is treated as an ordinary word.
"""

from __future__ import annotations

_KINDS = {
    "number": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million half "
    "first second third fourth fifth sixth seventh eighth ninth tenth dozen couple",
    "day": "monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun mondays tuesdays "
    "wednesdays thursdays fridays saturdays sundays",
    "when": "today tomorrow yesterday tonight morning afternoon evening noon midnight night weekend",
    "month": "january february march april may june july august september october november december jan feb mar apr "
    "jun jul aug sep sept oct nov dec",
    "season": "spring summer autumn fall winter",
    "language": "english german french spanish italian portuguese dutch russian chinese japanese korean arabic hindi "
    "greek turkish polish swedish norwegian danish finnish czech hungarian romanian thai vietnamese indonesian hebrew "
    "latin mandarin cantonese swahili tagalog irish scottish mexican american british brazilian indian european "
    "african asian canadian australian cuban ethiopian moroccan peruvian persian iranian filipino",
    "country": "america usa us uk england britain scotland ireland wales france germany spain italy portugal "
    "netherlands holland belgium austria switzerland sweden norway denmark finland iceland poland russia ukraine "
    "greece turkey hungary romania bulgaria croatia serbia czechia slovakia estonia latvia lithuania japan china korea "
    "taiwan india pakistan bangladesh thailand vietnam cambodia laos malaysia indonesia philippines singapore nepal "
    "australia canada mexico brazil argentina chile peru colombia venezuela bolivia ecuador cuba jamaica haiti panama "
    "egypt morocco algeria tunisia libya sudan kenya ethiopia nigeria ghana uganda tanzania rwanda zimbabwe israel "
    "jordan lebanon syria iraq iran afghanistan uruguay paraguay guatemala honduras",
    "city": "london paris berlin munich hamburg frankfurt cologne vienna zurich geneva rome milan venice florence "
    "naples madrid barcelona seville lisbon porto amsterdam rotterdam brussels copenhagen stockholm oslo helsinki "
    "dublin edinburgh glasgow manchester liverpool birmingham leeds oxford cambridge prague budapest warsaw krakow "
    "athens istanbul ankara moscow kiev tokyo osaka kyoto kobe nagoya sapporo yokohama hiroshima seoul busan beijing "
    "shanghai shenzhen guangzhou taipei bangkok hanoi saigon manila jakarta bali delhi mumbai bangalore chennai "
    "kolkata karachi dubai doha riyadh tehran baghdad jerusalem cairo casablanca nairobi lagos johannesburg sydney "
    "melbourne brisbane perth auckland toronto montreal vancouver ottawa calgary boston chicago denver seattle miami "
    "atlanta dallas houston austin phoenix tucson portland sacramento oakland orlando tampa nashville memphis "
    "charlotte raleigh richmond baltimore philadelphia philly pittsburgh cleveland columbus cincinnati detroit "
    "indianapolis milwaukee minneapolis omaha tulsa albuquerque honolulu anchorage boise reno vegas brooklyn "
    "manhattan queens newark buffalo rochester albany hartford providence louisville lexington charleston savannah "
    "birmingham mobile fargo tulsa havana lima bogota santiago",
    "state": "alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho "
    "illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi "
    "missouri montana nebraska nevada ohio oklahoma oregon pennsylvania tennessee texas utah vermont virginia "
    "washington wisconsin wyoming dakota carolina",
    "name": "john jon james jim jimmy robert bob bobby michael mike william bill billy will david dave richard rick "
    "joseph joe thomas tom tommy charles charlie chris christopher daniel dan danny matthew matt anthony tony mark "
    "donald steven steve paul andrew andy joshua josh kenneth ken kevin brian george edward ed ronald tim timothy "
    "jason jeff jeffrey ryan jacob jake gary nick nicholas eric jonathan stephen larry justin scott brandon ben "
    "benjamin sam samuel greg frank alex alexander raymond patrick jack dennis jerry tyler aaron henry adam peter "
    "nathan zach walter kyle harold carl arthur roger keith jeremy terry sean christian austin mary patricia jennifer "
    "jen linda elizabeth liz barbara susan sue jessica sarah karen nancy lisa betty margaret maggie sandra ashley "
    "kimberly kim emily donna michelle carol amanda dorothy melissa deborah stephanie rebecca becky sharon laura "
    "cynthia kathleen kathy amy angela shirley anna anne ann brenda pamela emma nicole helen samantha katherine kate "
    "christine debra rachel carolyn janet catherine maria heather diane ruth julie julia olivia joyce virginia "
    "victoria kelly lauren christina joan evelyn judith megan andrea cheryl hannah jacqueline martha gloria teresa "
    "ann sara madison frances kathryn janice jean jane abigail alice judy sophia grace denise amber doris marilyn "
    "danielle beverly isabella theresa diana natalie brittany charlotte marie kayla alexis lori jill ellen lucy meg "
    "emi yumi yoko hiroshi ichiro taro jiro hanako",
    "kin": "mother father mom mum dad sister brother wife husband son daughter aunt uncle cousin grandma grandpa "
    "grandmother grandfather niece nephew boyfriend girlfriend friend boss parents mothers fathers moms dads",
    "colour": "red blue green black white yellow orange purple pink brown grey gray silver gold",
    "animal": "dog dogs cat cats horse bird birds fish rabbit hamster cow pig sheep goat chicken duck lion tiger bear "
    "elephant monkey snake",
    "currency": "dollar dollars euro euros pound pounds yen peso pesos rupee rupees yuan won franc francs bucks usd "
    "eur gbp cents",
    "unit": "cup cups tablespoon tablespoons teaspoon teaspoons ounce ounces pint pints quart quarts gallon gallons "
    "gram grams kilogram kilograms kilo kilos liter liters litre litres milliliter milliliters inch inches foot feet "
    "yard yards mile miles meter meters metre metres kilometer kilometers centimeter centimeters millimeter "
    "millimeters lbs second seconds minute minutes hour hours day days week weeks month months year years",
    "money": "checking checkings savings saving",
    "card": "visa mastercard amex discover",
    "bank": "chase citibank citi barclays hsbc wells fargo capital td pnc santander schwab fidelity boa",
    "food": "pizza pasta rice bread soup salad steak burger burgers hamburger hamburgers sandwich sandwiches taco "
    "tacos burrito burritos lasagna lasagne spaghetti curry sushi ramen noodles beef pork chicken turkey ham bacon "
    "lamb fish salmon tuna shrimp lobster crab egg eggs omelette pancakes waffles potato potatoes fries tomato "
    "tomatoes onion onions carrot carrots corn beans lettuce spinach broccoli mushroom mushrooms pepper peppers garlic "
    "apple apples banana bananas orange oranges lemon lemons grape grapes strawberry strawberries cherry peach pear "
    "melon cheese butter milk cream yogurt cake cakes cookie cookies brownie brownies pie pies donut donuts chocolate "
    "candy sugar salt flour honey coffee tea juice soda beer wine water meatloaf chili stew meatballs casserole oatmeal "
    "cereal tofu pudding muffin muffins cheesecake quiche gumbo paella risotto gnocchi dumplings wings ribs",
    "reading": "book books letter letters newspaper newspapers magazine magazines dictionary novel story poem report",
    "sport": "tennis baseball soccer football golf basketball volleyball hockey rugby cricket badminton swimming "
    "skiing skating boxing",
    "instrument": "piano guitar violin flute drums trumpet cello harp",
    "size": "big small large little medium tall short long",
}  # fmt: skip

_JAPANESE = {
    "number": "一 二 三 四 五 六 七 八 九 十 百 千 万 一人 二人 三人 四人 五人 一つ 二つ 三つ 一度 二度 三度 一時 二時 三時 四時 五時 六時 "
    "七時 八時 九時 十時 一年 二年 三年 十年 一日 二日 三日 一週間 二週間 一冊 二冊",
    "day": "月曜 火曜 水曜 木曜 金曜 土曜 日曜 月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日",
    "month": "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月",
    "when": "今日 明日 昨日 今朝 今夜 今晩 昨夜 昨晩 毎日 毎朝 毎晩 今週 来週 先週 今月 来月 先月 今年 来年 去年 午前 午後 朝 昼 夜 夕方",
    "place": "東京 大阪 京都 神戸 奈良 横浜 名古屋 札幌 仙台 広島 福岡 長崎 北海道 九州 沖縄 日本 中国 韓国 米国 英国 北京 台湾",
    "kin": "父 母 兄 姉 弟 妹 祖父 祖母 息子 娘 夫 妻 両親 子供 友達 友人 叔父 叔母 父親 母親",
    "language": "英語 日本語 中国語 仏語 独語 韓国語",
    "animal": "犬 猫 馬 鳥 魚 牛 豚 羊",
    "reading": "本 手紙 新聞 辞書 雑誌 小説 記事 日記",
    "colour": "赤 青 白 黒 緑 黄色",
    "sport": "野球 水泳 柔道 卓球",
}

_LISTED = {
    word: kind for kinds in (_KINDS, _JAPANESE) for kind, words in kinds.items() for word in words.split()
}


def slot_kind(word: str) -> str:
    """Return the kind of slot value that a word is, such as a number, a day or a place.

    Args:
        word: A word in its normal form.

    Returns:
        The kind, such as `city`; "" if the word is in no list. Anything with a digit is a `number`; a word in katakana,
        which writes foreign names and loan words, is of the kind `katakana`.
    """
    if any(character.isdigit() for character in word):
        return "number"
    if len(word) > 1 and all("\u30a0" <= character <= "\u30ff" for character in word):
        return "katakana"
    return _LISTED.get(word, "")
