"""Invented tables of many domains, all of them right, with what tempts an automatic cleaner to do damage."""
