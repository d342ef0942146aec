"""What native code prints is dropped only where it is meant to be."""

import os

import pytest

from tpn_tsn_plugin.native_messages import silenced, silenced_on_error


def say(text):
    os.write(2, f'{text}\n'.encode())


def fail():
    say('of a failure')
    return 1 / 0


def test_silenced(capfd):
    with silenced():
        say('within')
    say('after')
    assert capfd.readouterr().err == 'after\n'


def test_silenced_on_error(capfd):
    with silenced_on_error():
        say('of a success')
    with pytest.raises(ZeroDivisionError), silenced_on_error():
        fail()
    say('after')
    assert capfd.readouterr().err == 'of a success\nafter\n'


def test_no_files_stay_open():
    before = len(os.listdir('/proc/self/fd'))
    for _ in range(10):
        with silenced(), silenced_on_error():
            pass
        with pytest.raises(ZeroDivisionError), silenced_on_error():
            fail()
    assert len(os.listdir('/proc/self/fd')) == before
