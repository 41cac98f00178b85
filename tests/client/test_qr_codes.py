"""RFC 8628 §3.3.1: the QR code of `quantimodo-client login --device`, with the extra `qr`."""

from swagger_client.command.qr_codes import qr_code


def test_a_qr_code_fits_a_small_terminal() -> None:
    picture = qr_code("https://id.example.org/device?user_code=WDJB-MJHT")
    assert picture is not None
    lines = picture.splitlines()
    assert len(lines) <= 22
    assert len({len(line) for line in lines}) == 1
    assert set(picture) <= set("█▀▄ \n")
