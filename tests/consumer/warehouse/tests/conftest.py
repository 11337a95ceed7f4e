import pytest
from warehouse.mappings import ArticleMapping, Orders
from warehouse.services import PlaceOrder


@pytest.fixture
def place_order(load_fixture, repository_of, uow):
    load_fixture({ArticleMapping: "data/articles.json"})
    return PlaceOrder(repository_of(ArticleMapping), repository_of(Orders), uow)
