"""Stories of customers whose question is not about an order."""

from service.sample_data.stories import HIGH, LOW, NORMAL, Story

PRODUCT_QUESTION = Story(
    tag="product_question",
    needs_order=False,
    priorities={NORMAL: 6, LOW: 4},
    tags=("presales", "availability"),
    subjects=(
        "Question about the {product}",
        "Is the {product} back in stock soon?",
        "Which {product} is right for me?",
        "{product}: care instructions",
    ),
    situations=(
        "I am thinking about the {product} and could not find its measurements.",
        "The {product} has been sold out for a while.",
        "I would like to give the {product} as a present.",
        "Does the {product} go together with the older model?",
    ),
    details=(
        "The page mentions two versions but not how they differ.",
        "My shelf is 42 cm deep, so a centimetre matters.",
        "I had a look at the reviews, and they contradict each other.",
        "A friend has one and is very happy with it.",
    ),
    wishes=(
        "Could you help me choose?",
        "Do you know when it will be available again?",
        "Is there anything I should know before I buy it?",
        "Can it be gift-wrapped?",
    ),
    questions=(
        "What would you mainly use it for?",
        "Is it for indoors or outdoors?",
        "Would you like a note when it is back in stock?",
    ),
    replies=(
        "Mainly at weekends, for two people.",
        "Indoors, next to a window.",
        "Yes, a note would be great.",
    ),
    updates=(
        "I am asking the colleagues who test our range and will get back to you.",
        "The next delivery is announced for this month; I have put you on the list.",
    ),
    solutions=(
        "The smaller version fits your needs, and you can return it within thirty days.",
        "The {product} is back in stock since this morning; I have reserved one for two days.",
        "The measurements are on the page now, thank you for pointing it out.",
    ),
)

ACCOUNT_ACCESS = Story(
    tag="account_access",
    needs_order=False,
    priorities={HIGH: 3, NORMAL: 6, LOW: 1},
    tags=("login", "address_change"),
    subjects=(
        "I cannot log in",
        "Password reset mail does not arrive",
        "Please change my e-mail address",
        "Account locked",
    ),
    situations=(
        "The link to reset my password never arrives.",
        "My account says that it is locked.",
        "I have a new e-mail address and cannot change it myself.",
        "After the last update of the page I am logged out on every visit.",
    ),
    details=(
        "I looked in the spam folder and waited for an hour.",
        "It worked fine on my phone until yesterday.",
        "I have moved as well, so the delivery address is old.",
        "Another browser does the same.",
    ),
    wishes=(
        "Can you unlock it?",
        "Please send me the link again.",
        "What do you need from me to change it?",
    ),
    questions=(
        "Could you write to us from the address that is on file, so that I know it is you?",
        "Which message do you see exactly, and on which page?",
    ),
    replies=(
        "I am writing from that address now.",
        "It says 'try again later', right after the password.",
    ),
    updates=(
        "I have asked our web team to look at the mail log for your address.",
        "The lock ends by itself after an hour; I have shortened that for you.",
    ),
    solutions=(
        "Your account is open again; please choose a new password with the link I have just sent.",
        "The new address is in place and confirmed.",
        "It was a fault in our cookie notice, and it is mended. Please try once more.",
    ),
)

FEEDBACK = Story(
    tag="feedback",
    needs_order=False,
    priorities={LOW: 7, NORMAL: 3},
    tags=("praise", "suggestion"),
    subjects=(
        "Thank you!",
        "A suggestion for your shop",
        "Feedback on packaging",
        "Your newsletter",
    ),
    situations=(
        "I just wanted to say how quickly everything went last time.",
        "I like what you sell, but there is a lot of plastic around it.",
        "The newsletter arrives three times a week now, which is too much for me.",
        "Your filter by colour forgets what I chose when I go back a page.",
    ),
    details=(
        "I have been with you for a while, so take it as a kind word.",
        "Friends of mine have noticed the same.",
        "Otherwise I am happy with everything.",
    ),
    wishes=(
        "Perhaps you can pass it on.",
        "Is there a way to get it once a month?",
        "No need to answer at length.",
    ),
    questions=(
        "May we quote your words on our page, without your name?",
        "Would once a month suit you?",
    ),
    replies=("Of course, go ahead.", "Once a month is perfect."),
    updates=("I have passed it on to the people who decide about it.",),
    solutions=(
        "Thank you for taking the time. The colleagues in packaging are trying paper from spring on.",
        "You get the newsletter once a month from now on.",
        "The filter remembers your choice since this week; thank you for telling us.",
    ),
)
