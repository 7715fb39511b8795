"""Words around the matter: how people open, chase, thank and close, by channel."""

from collections.abc import Mapping

from service.tickets.models import Channel

GREETINGS: Mapping[Channel, tuple[str, ...]] = {
    Channel.EMAIL: ("Hello,\n\n", "Hi there,\n\n", "Good morning,\n\n", "Dear support team,\n\n"),
    Channel.FORM: ("Hello, ", "Good day, ", ""),
    Channel.CHAT: ("hi, ", "Hello! ", "hey, ", ""),
    Channel.SMS: ("Hi, ", ""),
    Channel.PHONE: ("(Call) ", "(Voicemail) ", "(Callback requested) "),
}

SIGN_OFFS: Mapping[Channel, tuple[str, ...]] = {
    Channel.EMAIL: (
        "\n\nKind regards,\n{name}",
        "\n\nBest,\n{name}",
        "\n\nThanks in advance\n{name}",
        "\n\n{name}",
    ),
    Channel.FORM: (" {name}", ""),
    Channel.CHAT: ("",),
    Channel.SMS: (" {name}", ""),
    Channel.PHONE: ("",),
}

AGENT_OPENINGS: Mapping[Channel, tuple[str, ...]] = {
    Channel.EMAIL: (
        "Hello {name},\n\nthank you for writing. ",
        "Dear {name},\n\nI am sorry for the trouble. ",
        "Hi {name},\n\nthanks for getting in touch. ",
    ),
    Channel.FORM: ("Hello {name}, thank you for your message. ", "Hi {name}, ", "Dear {name}, "),
    Channel.CHAT: ("Hi {name}! ", "Hello {name}, ", ""),
    Channel.SMS: ("Hi {name}, ", ""),
    Channel.PHONE: ("(Call notes) ", "(Called back) "),
}

AGENT_SIGN_OFFS: Mapping[Channel, tuple[str, ...]] = {
    Channel.EMAIL: ("\n\nKind regards,\n{agent}", "\n\nAll the best,\n{agent}"),
    Channel.FORM: (" {agent}, customer care",),
    Channel.CHAT: ("",),
    Channel.SMS: (" {agent}",),
    Channel.PHONE: ("",),
}

NUDGES = (
    "Is there any news on this?",
    "I have not heard from you since my last message.",
    "Just checking in, as it is getting urgent for me.",
    "Could somebody please have a look? It has been a while.",
    "Any update would help, even a short one.",
)

THANKS = (
    "That is great, thank you!",
    "Perfect, that helps a lot.",
    "Thanks for sorting it out so kindly.",
    "Good to know, thank you for the quick answer.",
    "All fine now, thanks.",
)

CLOSINGS = (
    "You are welcome. I close the case here; just reply if anything else comes up.",
    "Glad to hear that. Have a good day!",
    "My pleasure. If it happens again, reply to this message and it comes straight to us.",
    "Thank you for your patience. I mark this as done.",
)

AGENTS = ("Iris", "Tomas", "Noor", "Jun", "Elena", "Samuel", "Priya", "Maud")
TEAMS = ("Returns team", "Billing team", "Shipping team")
