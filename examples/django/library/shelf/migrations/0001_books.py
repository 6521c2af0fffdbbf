"""The first tables."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Books."""

    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Book",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=200)),
                ("author", models.CharField(max_length=100)),
                ("year", models.IntegerField()),
                ("shelf", models.CharField(max_length=50)),
            ],
            options={"ordering": ["title"]},
        )
    ]
