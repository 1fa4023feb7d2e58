"""The command's entry point; ``python -m xl_openfunnel`` does for it where no script is on the path."""

import os


def main() -> None:
    """Run the command. Ctrl+C while its modules load ends it at once.

    An exception would not do for all of them: Python prints and drops one that is raised in a callback of its import
    system.
    """
    try:
        import signal

        on_interrupt = signal.getsignal(signal.SIGINT)
        if on_interrupt is signal.default_int_handler:  # a parent may have it ignored
            signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    except KeyboardInterrupt:
        os._exit(130)
    from .cli import main as run

    signal.signal(signal.SIGINT, on_interrupt)
    run()


if __name__ == "__main__":
    main()
